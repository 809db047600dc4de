/** The host of npm's public registry. */
export const PUBLIC_NPM_HOST = ["registry", "npmjs", "org"].join(".");

/** Whether this is npm's public registry itself, and no mirror of it. */
export function isPublicNpm(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname === PUBLIC_NPM_HOST;
}
