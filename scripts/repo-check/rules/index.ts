import type { Rule } from "../repo.ts";
import { internalRanges, oneRange, pins, pluginPeers } from "./dependencies.ts";
import { docLinks } from "./doc-links.ts";
import { fileLength, noMachineTraces, readmeCommands, sourcePathsInSync } from "./files.ts";
import { importDirection } from "./import-direction.ts";
import { promisesTable } from "./promises-table.ts";
import { publishedManifests, sameEngines } from "./manifests.ts";

export const rules: readonly Rule[] = [
  internalRanges,
  pluginPeers,
  pins,
  oneRange,
  publishedManifests,
  sameEngines,
  importDirection,
  sourcePathsInSync,
  noMachineTraces,
  fileLength,
  readmeCommands,
  promisesTable,
  docLinks,
];
