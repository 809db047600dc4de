// npm's own list of what a package ships; it has no types.
declare module "npm-packlist" {
  interface Tree { readonly path: string; readonly package: object; readonly isProjectRoot: boolean; readonly edgesOut: ReadonlyMap<string, unknown> }
  export default function packlist(tree: Tree): Promise<string[]>;
}
