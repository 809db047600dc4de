// What is used of npm's own library, which comes without types. (Those that others have written bring npm's whole installer along.)
declare module "@npmcli/map-workspaces" {
  /** The folders of a workspace's packages, absolute, by name. `pkg` is the root's package.json. */
  export default function mapWorkspaces(options: { readonly cwd: string; readonly pkg: object }): Promise<Map<string, string>>;
}
