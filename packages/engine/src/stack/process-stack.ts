/**
 * The stack that `Client.activateStack` has set: for this process only, as the working folder is of this process only. Pipelines that are run
 * afterwards, from whatever module, are run on it. It is a global on purpose, like an environment variable that nobody inherits.
 */
export const processStack: { name: string | undefined } = { name: undefined };
