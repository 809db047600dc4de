/**
 * The functions that compiled code calls: decorators and `using` need a little help at run time. They are given to the project's modules
 * from here, so that no project has to install a package for them.
 */
const HELPERS: Readonly<Record<string, string>> = {
  decorate: `function decorate(decorators, target, key, desc) {
  const count = arguments.length;
  let result = count < 3 ? target : desc === null ? (desc = Object.getOwnPropertyDescriptor(target, key)) : desc;
  if (typeof Reflect === "object" && typeof Reflect.decorate === "function") result = Reflect.decorate(decorators, target, key, desc);
  else for (let i = decorators.length - 1; i >= 0; i--) {
    const decorator = decorators[i];
    if (decorator) result = (count < 3 ? decorator(result) : count > 3 ? decorator(target, key, result) : decorator(target, key)) || result;
  }
  if (count > 3 && result) Object.defineProperty(target, key, result);
  return result;
}`,
  decorateMetadata: `function decorateMetadata(key, value) {
  if (typeof Reflect === "object" && typeof Reflect.metadata === "function") return Reflect.metadata(key, value);
}`,
  decorateParam: `function decorateParam(index, decorator) {
  return (target, key) => decorator(target, key, index);
}`,
  usingCtx: `function usingCtx() {
  const empty = {};
  const stack = [];
  const Suppressed = typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed) {
    const e = new Error("an error was suppressed during disposal");
    e.name = "SuppressedError"; e.error = error; e.suppressed = suppressed;
    return e;
  };
  function using(isAwait, value) {
    if (value != null) {
      if (Object(value) !== value) throw new TypeError("using declarations can only be used with objects, functions, null, or undefined.");
      let dispose = isAwait ? value[Symbol.asyncDispose || Symbol.for("Symbol.asyncDispose")] : undefined;
      let inner;
      if (dispose === undefined) {
        dispose = value[Symbol.dispose || Symbol.for("Symbol.dispose")];
        if (isAwait) inner = dispose;
      }
      if (typeof dispose !== "function") throw new TypeError("Object is not disposable.");
      if (inner) dispose = function () { try { inner.call(value); } catch (e) { return Promise.reject(e); } };
      stack.push({ v: value, d: dispose, a: isAwait });
    } else if (isAwait) stack.push({ d: value, a: isAwait });
    return value;
  }
  return {
    e: empty,
    u: using.bind(null, false),
    a: using.bind(null, true),
    d() {
      let resource, error = this.e, state = 0;
      function next() {
        while ((resource = stack.pop())) {
          try {
            if (!resource.a && state === 1) { state = 0; stack.push(resource); return Promise.resolve().then(next); }
            if (resource.d) {
              const result = resource.d.call(resource.v);
              if (resource.a) { state |= 2; return Promise.resolve(result).then(next, failed); }
            } else state |= 1;
          } catch (e) { return failed(e); }
        }
        if (state === 1) return error !== empty ? Promise.reject(error) : Promise.resolve();
        if (error !== empty) throw error;
      }
      function failed(e) { error = error !== empty ? new Suppressed(e, error) : e; return next(); }
      return next();
    },
  };
}`,
  toPropertyKey: `function toPropertyKey(value) {
  const key = typeof value === "object" && value !== null ? Reflect.ownKeys({ [value]: 0 })[0] : value;
  return typeof key === "symbol" ? key : key + "";
}`,
};

/** What compiled code imports. */
const PREFIX = "@oxc-project/runtime/helpers/";

/** The name of the helper that a specifier asks for. */
export function helperName(specifier: string): string | undefined {
  return specifier.startsWith(PREFIX) ? specifier.slice(PREFIX.length) : undefined;
}

/** A helper as a module; undefined for one that is not known. */
export function helperSource(name: string, format: "module" | "commonjs"): string | undefined {
  const code = Object.hasOwn(HELPERS, name) ? HELPERS[name] : undefined;
  if (code === undefined) return undefined;
  return format === "module" ? `export default ${code}\n` : `module.exports = ${code}\n`;
}
