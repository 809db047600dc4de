import type { BrowserContextOptions } from "playwright-core";

/** How pages are looked at. */
export const LOOKS = {
  "light-desktop": { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  "dark-desktop": { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  "light-phone": { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  "dark-phone": { colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  "light-tablet": { colorScheme: "light", viewport: { width: 800, height: 1100 } },
} as const satisfies Record<string, BrowserContextOptions>;
export type Look = keyof typeof LOOKS;
export const looks = Object.keys(LOOKS) as Look[];
