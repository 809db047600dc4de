import type { Rule } from "../repo.ts";
import { internalRanges, oneRange, pins, pluginPeers } from "./dependencies.ts";
import { fileLength, noMachineTraces, readmeCommands, sourcePathsInSync } from "./files.ts";
import { hubTable } from "./hub-table.ts";
import { importDirection } from "./import-direction.ts";
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
  hubTable,
];
