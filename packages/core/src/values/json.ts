/** A value that JSON can hold as it is. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** An object that JSON can hold as it is; a key whose value is undefined is left out. */
export interface JsonObject { readonly [key: string]: JsonValue | undefined }
