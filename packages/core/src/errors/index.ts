// Errors alone: for commands that must be there at once, and so load no schema library.
export { ERROR_CODES, type ErrorCode } from "./codes.ts";
export { deserializeError, MlstackError, serializeError, type ErrorParts, type SerializedError } from "./mlstack-error.ts";
export { didYouMean, nameList, thereAre } from "./suggest.ts";
