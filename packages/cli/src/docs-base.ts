/** Where the documentation is. */
export const DOCS = "https://github.com/mlstack/mlstack/blob/main/docs";
