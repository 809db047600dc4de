/** Sentences of a contract that no case is about, and why. */
export interface LeftOut {
  readonly why: string;
  /** How they begin, as they stand in the contract. */
  readonly sentences: readonly string[];
}

const MEANING = "says what a value is; nothing is promised of a component";
const CALLER = "the engine's or the caller's side; the engine's own tests have it";
const OPTIONAL = "says when a flavor leaves something out; the suite skips by that";

/** By contract. A sentence that a contract gets, and that is neither quoted by a case nor named here, fails a test; so does one that is named here and is there no more. */
export const LEFT_OUT: Readonly<Record<string, readonly LeftOut[]>> = {
  "artifact_store@1": [
    { why: "it needs a service that loses an answer: the S3 flavor's faults are played in tests/live/s3-faults.live.ts", sentences: [
      "An object that this very call has written is no other writer's:",
    ] },
    { why: "it needs a place that is full, read-only or held, which a test can't make everywhere: the flavors' own tests have it", sentences: [
      "MLS3004 no space;",
      "MLS3005 read-only",
      "@throws MLS3005 for what is held (retention, lease, legal hold);",
      "MLS3005, MLS6002 when it may not be written;",
    ] },
    { why: "what a store may do, or how it does it", sentences: [
      "The source can be read again, so a failed attempt may be repeated",
      "A service that has no such thing copies the object onto itself.",
    ] },
    { why: "a service's clock can't be read: the suite allows an hour", sentences: [
      "By the service's clock.",
    ] },
    { why: OPTIONAL, sentences: [
      "Stores whose service removes one at a time leave this out.",
      "Stores that are elsewhere leave this out.",
      "Stores that read none leave this out.",
    ] },
    { why: CALLER, sentences: [
      "No key is a folder of another.",
      "Where a store leaves this out, the bytes are read and put again.",
      "Without it action entries are last writer wins.",
    ] },
    { why: MEANING, sentences: [
      "An open object.",
      "Whether `key` is a legal object key (see ArtifactStore).",
    ] },
  ],
  "experiment_tracker@1": [
    { why: "it needs a service that loses an answer: MLflow's faults are played in tests/live/mlflow-faults.live.ts", sentences: [
      "@throws MLS6001 when it is open what was stored: the same events",
    ] },
    { why: OPTIONAL, sentences: [
      "Whether files can be shown; true by default.",
    ] },
    { why: CALLER, sentences: [
      "With `one` the driver sends what steps elsewhere have logged,",
      "Where it is false no `file` events are sent, and the run says",
      "Called by one process at a time.",
      "Without it none of them is, and a tracker need not look.",
      "Unique in the pipeline run and the same each time the event is",
      "What a step uses to log; the same on every stack.",
      "Calls are recorded with the step and replayed when it is served",
      "Logs `value` at `step` (default: how many times this key was",
      "Shows a file with the run: bytes, text, or a file of this machine,",
    ] },
    { why: MEANING, sentences: [
      "Where parameters and metrics of runs are shown.",
      "Of the event.",
      "In bytes.",
    ] },
  ],
  "orchestrator@1": [
    { why: "it needs a platform that loses a step or can't begin one: the flavors' own tests have it", sentences: [
      "`lost`: the flavor can't tell any more, for instance because",
      "`never-started`: it can't begin, for instance because its image",
      "Why, in the flavor's words, where it knows more than the code:",
    ] },
    { why: "a step is seen by its actor, which may say so a moment after the process runs", sentences: [
      "Without it, the process runs when `start` returns.",
    ] },
    { why: "no engine drives a compiled plan yet", sentences: [
      "`compile`: turn a whole plan into the native document of an engine",
      "Not used by the engine yet.",
    ] },
    { why: "what a flavor makes of them is its own, and so are the tests", sentences: [
      "Resources asked for, to be mapped by the flavor.",
      "Settings for this flavor, from the step or the pipeline.",
    ] },
    { why: "the step's own program does it, whatever the flavor: the engine's tests have it", sentences: [
      "How long a step that sees the bundle goes on without a sign of",
      "Takes, unread, a line that a step process wrote to a channel",
      "Where there is no such channel the step process writes its journal",
      "The driver sees to it, and so does the step's own process, which",
      "A driver's sign of life.",
      "Only changes count, not what any clock says; a look that fails,",
      "An object of the artifact store that the driver writes anew every",
    ] },
    { why: CALLER, sentences: [
      "The engine is the driver: it decides what is ready, retries,",
      "A flavor starts processes and tells how they ended; it knows",
      "`project`: the folder of the project on this machine, with its",
      "`bundle`: nothing but the installed packages; the step process",
      "Steps run in the driver's own process, by `runHere`: then they",
      "No step can have this name: names begin with a letter.",
      "Given to flavors that see the project: they run steps in this",
      "How a step is run on the driver's own machine.",
      "Runs the step in this process.",
      "Resolves when it has ended; never rejects.",
      "Why the step can't leave this process, where it can't: then only",
      "The time is that of the service's clock, to be shown; a timeout",
      "Whether the step did what it should is not said here: that is",
      "Another attempt follows when this one fails.",
      "An optional input that has no value is left out.",
      "Digest of a content blob that has `inputs` and `data`, which",
      "Null where it declares none, and where it finds them in place",
    ] },
    { why: MEANING, sentences: [
      "Its handle's id is missing where that process died before it",
      "A step that is to be run, as data that may travel.",
      "A driver that is to be run elsewhere.",
      "Id of the project, as in the artifact store's layout.",
      "Digest of the plan document in the content space.",
      "The artifacts that the inputs resolve to, by input name.",
      "External data by parameter.",
      "The trust domain that results are written to.",
      "Whether results are stored.",
      "Why the cache had no result, where it was asked.",
      "The vendor's id of the tracked run; null without a tracker.",
      "The stack's components, by type; secrets are references.",
      "Time zone and language that are in the step's key, such as `UTC",
      "How long a step may take, in milliseconds.",
      "Why a step that has a key was not served from the cache: nothing",
      "In milliseconds.",
      "External data of a step, as it was when the run started.",
      "As it was given.",
      "The last segment of it, in NFC.",
      "Hex SHA-256 of the bytes; of the canonical listing for a folder.",
      "In bytes.",
      "What the store that reads the URI calls this version of the object.",
      "Manifest of a copy in the content space, for steps that can't",
      "Cores.",
      "Bytes.",
      "An artifact by its content.",
      "SHA-256 of the manifest, in hex: the artifact's digest and where",
      "What downstream keys are made of: the format's own content digest",
      "Format id with major, such as `json/1`.",
      "Sum of the files' sizes, in bytes.",
    ] },
  ],
  "model_deployer@1": [
    { why: "it needs a client that is killed in the middle of an update", sentences: [
      "What a process that died left undone (an old version that should",
    ] },
    { why: "it needs a service without room, or with too many requests", sentences: [
      "MLS6001: `overloaded`",
      "The service or the machine has no room; trying later or asking",
    ] },
    { why: "it needs a record that is damaged: the local flavor's own tests have it", sentences: [
      "Empty where that was never done, or what is kept of it is damaged.",
    ] },
    { why: "no flavor has settings with secrets yet", sentences: [
      "Secrets are references; they are resolved where the model runs.",
    ] },
    { why: "what a flavor makes of them is its own, and so are the tests", sentences: [
      "For each replica.",
      "Settings of the flavor.",
    ] },
    { why: OPTIONAL, sentences: [
      "Deployers whose service keeps none leave this out.",
    ] },
    { why: CALLER, sentences: [
      "A repetition may help after `not-ready`, `busy`, `quota`, `overloaded`",
      "The project's own code as it was when the plan was made: later",
      "Compiled modules that run given the packages that they import;",
      "A predictor is given itself, imported by the step's module, or",
      "What a step gets: to deploy, and to try what it deployed.",
      "As `ModelDeployer.deploy`.",
      "The code of a predictor is taken from the plan.",
      "@throws also MLS6003 `unsupported` where the predictor can't",
      "A DeployRequest as a step writes it.",
      "Why a deployer takes no such servable; undefined where it does.",
      "@param format of the model; only looked at where the deployer",
    ] },
    { why: MEANING, sentences: [
      "Why a deployer refused or failed, in `details.reason`.",
      "The deployer serves this format by itself.",
      "An export of the project's code that answers requests: what `predictor()`",
      "By its path in the project.",
      "Where the predictor's module lies in it.",
      "What a step names to be served.",
      "`infer` hides the difference.",
      "One model behind a deployment's address.",
      "Digest of the model artifact.",
      "`get` says which model that is.",
      "A named array.",
      "The first dimension is the batch.",
      "Sizes of the dimensions; their product is the length of `data`.",
      "The values in row-major order, flat: numbers, booleans for BOOL,",
      "Text.",
      "Whether `name` is a legal name of a deployment.",
    ] },
  ],
  "secret_store@1": [
    { why: OPTIONAL, sentences: [
      "Left out by services that can't or won't list them.",
      "Left out where values are set elsewhere.",
    ] },
    { why: CALLER, sentences: [
      "A value is asked for when the component that refers to it is",
    ] },
    { why: "which names a flavor takes is its own: a test names those that it refuses", sentences: [
      "Which names there may be is the flavor's business.",
    ] },
    { why: MEANING, sentences: [
      "Where `${secret:NAME}` in a component's configuration leads.",
    ] },
  ],
  "format@1": [
    { why: "formats that hold others are the engine's own", sentences: [
      "Types that hold others: `list(T)` names `T`.",
      "The engine stores the children as artifacts of their own.",
      "`settled(T)` names `T`: the value says whether a `T` was made",
      "An artifact of it is one of `T`, or a failure (`mlstack.failure/1`);",
      "`optional(T)`: an input that may be left without a value, as",
      "Never an output's type.",
    ] },
    { why: CALLER, sentences: [
      "Resolution is by this declaration, never by a value's class.",
      "One that is too long is left out.",
      "A real, writable, local directory, for libraries that write by",
      "Writes a file that is in memory; hashed on the way.",
      "Text is written as UTF-8.",
      "Opens a file for writing piece by piece; hashed on the way.",
      "The artifact has it once the stream has finished.",
      "It is copied, unless the step made it in its own scratch folder:",
      "The same file may be given several times.",
      "Content is compared with its digest before it is used (MLS3002).",
      "A whole file, in memory.",
      "A file piece by piece.",
      "A difference from its digest is thrown at the latest when the",
      "The local path of one file, fetched on demand.",
      "Read-only: copy it before changing it.",
    ] },
    { why: MEANING, sentences: [
      "What an artifact is for; shown in lists and used by filters.",
      "The declared type of an input or output: a documented byte layout",
      "Format id with major, such as `parquet.table/1`.",
      "The value of an artifact type.",
      "A glance at the value.",
      "An artifact that was not loaded: its identity and, on demand,",
      "SHA-256 of the manifest, in hex.",
      "In bytes.",
      "Opens the artifact's files.",
      "Splits `parquet.table/1` into name and major; undefined if it",
      "One file of an artifact.",
      "Relative POSIX path, NFC.",
    ] },
  ],
};
