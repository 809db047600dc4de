/** A contract's suite, run on one flavor of one package. */
export interface Suite {
  readonly package: string;
  /** Of the package, from the root. */
  readonly folder: string;
  readonly contract: string;
  readonly flavor: string;
  /** Where the suite lies: its name in reports. */
  readonly suite: string;
  /** The test file that runs it. */
  readonly test: string;
  /** Ids of its cases. A case that the test does not run is no passed one. */
  cases(): Promise<readonly string[]>;
}

/** The suites that there are. Those for plugins are planned; each gets its line here. */
export const SUITES: readonly Suite[] = [
  {
    package: "@mlstack/engine", folder: "packages/engine", contract: "model_deployer@1", flavor: "local", suite: "tests/contracts/model-deployer/suite", test: "tests/contracts/model-deployer/local.test.ts",
    cases: async () => (await import("../../tests/contracts/model-deployer/suite/cases.ts")).deployerCases.map((one) => one.id),
  },
];
