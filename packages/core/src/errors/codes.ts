/**
 * Every error a user can meet, by its stable code. A code is never reused and never changes its meaning.
 *
 * `exit` is the process exit code of the CLI when this error ends a command:
 * 1 operation failed, 2 usage or configuration, 3 something is not as it was expected to be, 4 resolution or compatibility, 5 integrity, 6 network, 130 interrupted.
 */
export const ERROR_CODES = {
  // 1xxx: what a pipeline's author wrote
  MLS1001: { exit: 2, title: "A step was called outside of a pipeline's build function" },
  MLS1002: { exit: 2, title: "A step was given an argument that it does not declare" },
  MLS1003: { exit: 2, title: "A step is missing an input" },
  MLS1004: { exit: 2, title: "Something that is not an output of a step was wired to an input, or an output was used as a value" },
  MLS1005: { exit: 2, title: "A parameter does not satisfy its schema" },
  MLS1006: { exit: 2, title: "An output was read that the step does not declare" },
  MLS1007: { exit: 2, title: "An input was wired to an output of another format" },
  MLS1008: { exit: 2, title: "A step or pipeline definition is invalid" },
  MLS1009: { exit: 1, title: "A step's result does not match its declared outputs" },
  MLS1010: { exit: 2, title: "A step used a component that it did not require" },
  MLS1011: { exit: 2, title: "The file exports no pipeline, or more than one" },
  MLS1012: { exit: 2, title: "A plan document is invalid or from a newer version" },
  MLS1013: { exit: 2, title: "A source file cannot be parsed" },
  MLS1014: { exit: 2, title: "An imported module cannot be found" },
  MLS1015: { exit: 1, title: "A module failed while it was imported" },
  MLS1016: { exit: 1, title: "A pipeline's own code failed while its plan was made" },
  MLS1017: { exit: 2, title: "A module does not export an imported name" },
  MLS1018: { exit: 2, title: "Options were given for a step that the pipeline does not call" },
  // 2xxx: plugins
  MLS2001: { exit: 4, title: "A plugin's manifest is invalid" },
  MLS2002: { exit: 4, title: "A plugin implements a component type that is not known here" },
  MLS2003: { exit: 4, title: "A plugin implements a contract version that this core does not accept" },
  MLS2004: { exit: 4, title: "A plugin needs another version of @mlstack/core" },
  MLS2005: { exit: 1, title: "A plugin failed while it was loaded" },
  MLS2006: { exit: 4, title: "A plugin's code and its manifest disagree" },
  MLS2007: { exit: 2, title: "No installed plugin offers this flavor" },
  MLS2008: { exit: 2, title: "A component's configuration is invalid" },
  MLS2009: { exit: 1, title: "A component could not be created" },
  MLS2010: { exit: 2, title: "A reference in a component's configuration leads to no value" },
  // 3xxx: bytes
  MLS3001: { exit: 1, title: "An object is not in the store" },
  MLS3002: { exit: 5, title: "Stored bytes differ from their digest" },
  // a refusal that a repetition does not change; what may go better later is MLS6001
  MLS3003: { exit: 1, title: "The store refused an operation" },
  MLS3004: { exit: 1, title: "No space is left" },
  MLS3005: { exit: 1, title: "The place to write to is read-only" },
  MLS3006: { exit: 1, title: "A value cannot be stored in the declared format without changing it" },
  MLS3007: { exit: 1, title: "A stored value does not satisfy the declared schema" },
  MLS3008: { exit: 4, title: "An artifact has a format that this codec cannot read" },
  MLS3009: { exit: 1, title: "An artifact holds a file that cannot be stored" },
  MLS3010: { exit: 2, title: "External data cannot be read" },
  MLS3011: { exit: 1, title: "An object key is illegal" },
  MLS3012: { exit: 1, title: "An object exists already" },
  MLS3013: { exit: 1, title: "A store cannot be cleaned up now" },
  // 4xxx: runs
  MLS4001: { exit: 1, title: "A step failed" },
  MLS4002: { exit: 1, title: "A step took longer than its timeout" },
  MLS4003: { exit: 130, title: "The run was cancelled" },
  MLS4004: { exit: 2, title: "The active stack lacks a component that the pipeline needs" },
  MLS4005: { exit: 4, title: "The environment differs from the plan" },
  MLS4006: { exit: 1, title: "A step was not started because a step before it failed" },
  MLS4007: { exit: 1, title: "The run failed" },
  MLS4008: { exit: 1, title: "A step ended without a result" },
  MLS4009: { exit: 2, title: "The run is still going on" },
  MLS4010: { exit: 2, title: "The run is not in a state in which this can be done" },
  MLS4011: { exit: 2, title: "A step cannot run away from the process that defined it" },
  MLS4012: { exit: 2, title: "A plan cannot be compiled for the orchestrator" },
  MLS4013: { exit: 3, title: "A step had to run that was expected to be in the cache" },
  MLS4020: { exit: 2, title: "The stack does not fit the pipeline in more than one way" },
  MLS4021: { exit: 1, title: "A component of the stack does not work as it is" },
  MLS4030: { exit: 2, title: "A run's name cannot be used" },
  MLS4031: { exit: 2, title: "The orchestrator cannot start runs by a schedule" },
  // 5xxx: records
  MLS5001: { exit: 4, title: "The records were written by a newer version" },
  MLS5002: { exit: 1, title: "The records cannot be opened or written" },
  MLS5003: { exit: 2, title: "No such run" },
  MLS5004: { exit: 2, title: "No such step in the run" },
  MLS5005: { exit: 2, title: "No such artifact" },
  MLS5006: { exit: 2, title: "An abbreviated id fits more than one" },
  MLS5007: { exit: 2, title: "No such result in the cache" },
  // 6xxx: services that components talk to
  // not reached, no or half an answer, 408, 429, 5xx, also when it was tried again
  MLS6001: { exit: 6, title: "A service does not serve at the moment" },
  MLS6002: { exit: 1, title: "A service refused the credentials, or they do not allow the operation" },
  // a refusal that a repetition does not change
  MLS6003: { exit: 1, title: "A service refused an operation" },
  // 7xxx: the command line
  MLS7001: { exit: 2, title: "The command line cannot be understood" },
  MLS7002: { exit: 2, title: "No such file" },
  MLS7003: { exit: 2, title: "No such stack" },
  MLS7004: { exit: 2, title: "A project file is invalid" },
  MLS7010: { exit: 4, title: "A project file was written for a newer version" },
  MLS7011: { exit: 2, title: "The name is taken" },
  MLS7012: { exit: 2, title: "No such component" },
  MLS7013: { exit: 2, title: "It is in use" },
  MLS7014: { exit: 2, title: "Where CI is set the stack must be named" },
  MLS7015: { exit: 1, title: "Another process holds the project's files" },
  MLS7021: { exit: 1, title: "The linter found errors" },
  MLS7022: { exit: 1, title: "The doctor found errors" },
  // 8xxx: secrets
  MLS8001: { exit: 2, title: "The secrets cannot be opened with the key that is there" },
  MLS8002: { exit: 5, title: "A stored secret is damaged" },
  MLS8003: { exit: 2, title: "No such secret" },
  MLS8004: { exit: 2, title: "A secret store does not take this secret" },
  // 81xx: the registry that integrations come from. Trouble with it is never called a difference of bytes
  MLS8101: { exit: 6, title: "The registry cannot be reached" },
  MLS8102: { exit: 4, title: "The registry has no such package" },
  MLS8103: { exit: 1, title: "The registry does not allow it" },
  MLS8104: { exit: 6, title: "What was answered is not what a registry answers" },
  MLS8105: { exit: 6, title: "Something is needed that is not here, and no network is to be used" },
  MLS8106: { exit: 2, title: "Settings of npm cannot be used" },
  // 82xx: the bytes of integrations, and mlstack.lock
  MLS8201: { exit: 5, title: "A tarball differs from what its registry or the lock says" },
  MLS8202: { exit: 5, title: "A tarball is not safe to unpack" },
  MLS8203: { exit: 5, title: "A package says something else of itself than its registry does" },
  MLS8204: { exit: 5, title: "An installed integration was changed" },
  MLS8205: { exit: 2, title: "The file mlstack.lock cannot be read" },
  MLS8206: { exit: 4, title: "The file mlstack.lock was written by a newer version" },
  MLS8207: { exit: 4, title: "What is installed and mlstack.lock do not fit together" },
  MLS8208: { exit: 5, title: "The file mlstack.lock contradicts the package that it names" },
  // 84xx: which version
  MLS8401: { exit: 2, title: "It cannot be understood which integration is meant" },
  MLS8402: { exit: 4, title: "No version is in the range that was asked for" },
  MLS8403: { exit: 4, title: "No version fits this project" },
  MLS8404: { exit: 4, title: "The project's policy forbids it" },
  MLS8405: { exit: 4, title: "The version is too new" },
  MLS8406: { exit: 4, title: "A version lacks the provenance that the one before it had" },
  MLS8407: { exit: 4, title: "The package is no integration" },
  // 842x: names in the catalog
  MLS8421: { exit: 4, title: "No such integration" },
  MLS8422: { exit: 4, title: "An integration is planned and not published yet" },
  MLS8423: { exit: 4, title: "The catalog can't be read" },
  // 9xxx: ours
  MLS9001: { exit: 1, title: "A bug in mlstack" },
} as const satisfies Record<string, { exit: number; title: string }>;

/** A stable error code, such as `MLS1003`. */
export type ErrorCode = keyof typeof ERROR_CODES;
