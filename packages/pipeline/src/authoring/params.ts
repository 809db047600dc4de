import { dataParam, type DataParam } from "@mlstack/core";

/** A parameter that names one file: a path from the project's root, or a URI that a store of the stack can read. */
export const file = (): DataParam<"file", false> => dataParam("file");

/** A parameter that names a folder. */
export const dir = (): DataParam<"dir", false> => dataParam("dir");

/** A parameter that names a data set: a file or a folder of files. */
export const dataset = (): DataParam<"dataset", false> => dataParam("dataset");
