export { changePlugins, pendingChange, recoverPlugins, type ChangeOptions } from "./change.ts";
export { generations, replaceFile, type Generation, type Generations, type TouchedFiles } from "./generation.ts";
