/**
 * Steps that run in processes of ours run in one time zone and one language, so that what turns dates into text or sorts names gives the
 * same on a laptop and in a cloud. Steps that run in a program of the user's have those of that program.
 */
export const USUAL_ZONE = "UTC en-US";

let known: { readonly variable: string | undefined; readonly zone: string } | undefined;

/** Time zone and language of this process, such as `Asia/Tokyo ja-JP`. The language is fixed when a process starts; the zone follows its variable. */
export function zoneOfProcess(): string {
  const variable = process.env["TZ"];
  if (known === undefined || known.variable !== variable) {
    const { timeZone, locale } = new Intl.DateTimeFormat().resolvedOptions() as { timeZone?: string; locale: string };
    known = { variable, zone: `${timeZone ?? variable ?? "unknown"} ${locale}` };
  }
  return known.zone;
}

/** Variables that decide the language of a process; the first that is set wins. */
const isLanguage = (name: string) => name === "LANG" || name === "LANGUAGE" || name.startsWith("LC_");

/** A locale that each system of the kind has; Node takes either for en-US. */
const LOCALE = process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Variables that a step's process is to have besides those of the machine that it runs on: what the step declares, as it is here, and a
 * zone and language, unless it declares variables that decide them. Those are in its key then.
 *
 * @param zone the usual one by default
 */
export function stepEnv(declared: readonly string[], env: Env, zone: string = USUAL_ZONE): Record<string, string> {
  const given = Object.fromEntries(declared.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  const [timeZone = "", language = ""] = zone.split(" ");
  const locale = language === "en-US" ? LOCALE : `${language.replace("-", "_")}.UTF-8`;
  return { ...(!declared.includes("TZ") && { TZ: timeZone }), ...(!declared.some((name) => isLanguage(name)) && { LANG: locale, LC_ALL: locale }), ...given };
}

/**
 * The time zone and language in which a step's process runs, by what the step declares.
 *
 * @param here on this machine; Windows has no variable for the language of a process
 */
export function stepZone(declared: readonly string[], here: boolean): string {
  const [zone, language] = zoneOfProcess().split(" ");
  const [usualZone, usualLanguage] = USUAL_ZONE.split(" ");
  const isOwn = declared.some((name) => isLanguage(name)) || (here && process.platform === "win32");
  return `${declared.includes("TZ") ? zone : usualZone} ${isOwn ? language : usualLanguage}`;
}

/** The environment for a process on this machine: without variables that decide zone and language, but for those that are given. */
export function processEnv(env: Env, given: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => name !== "TZ" && !isLanguage(name))), ...given };
}

/** Those of the variables that decide zone and language. */
export function zoneVariables(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name === "TZ" || isLanguage(name)));
}

/** What of an environment a running process can't change: processes that are to have another language are others. */
export function languageOf(env: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(env).filter(([name]) => isLanguage(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
