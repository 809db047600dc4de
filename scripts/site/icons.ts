import { ours, type Html } from "./html.ts";

/** One drawing per component type, 24 by 24, drawn with lines of the text's colour. */
const PATHS: Readonly<Record<string, string>> = {
  orchestrator: '<circle cx="5" cy="12" r="2.4"/><circle cx="19" cy="5.5" r="2.4"/><circle cx="19" cy="18.5" r="2.4"/><path d="M7.2 11 16.8 6.5M7.2 13l9.6 4.5"/>',
  artifact_store: '<ellipse cx="12" cy="5.5" rx="7.5" ry="2.8"/><path d="M4.5 5.5v13c0 1.5 3.4 2.8 7.5 2.8s7.5-1.3 7.5-2.8v-13M4.5 12c0 1.5 3.4 2.8 7.5 2.8s7.5-1.3 7.5-2.8"/>',
  experiment_tracker: '<path d="M4 4v16h16"/><path d="m7.5 15.5 3.5-4.5 3 2.5 5-7"/>',
  model_deployer: '<path d="M12 15.5V4m0 0L7.5 8.5M12 4l4.5 4.5"/><path d="M4.5 14.5v4.5a1.5 1.5 0 0 0 1.5 1.5h12a1.5 1.5 0 0 0 1.5-1.5v-4.5"/>',
  step_operator: '<path d="M7 4.5v15l12-7.5z"/>',
  model_registry: '<path d="m12 3 8.5 4.5L12 12 3.5 7.5z"/><path d="m3.5 12 8.5 4.5 8.5-4.5M3.5 16.5 12 21l8.5-4.5"/>',
  container_registry: '<path d="m12 3 8.5 4.7v8.6L12 21l-8.5-4.7V7.7z"/><path d="m3.5 7.7 8.5 4.8 8.5-4.8M12 12.5V21"/>',
  image_builder: '<path d="M14.5 6.5a4 4 0 0 1 5-2.5l-2.5 2.5 1 2 2 .5 2-2.5a4 4 0 0 1-5.5 5L8 20a2.1 2.1 0 0 1-3-3l8.5-8.5a4 4 0 0 1 1-2z"/>',
  feature_store: '<rect x="3.5" y="4" width="17" height="16" rx="1.5"/><path d="M3.5 9.5h17M3.5 14.75h17M9.5 9.5V20"/>',
  data_validator: '<path d="M12 3 4.5 6v5.5c0 4.5 3 8 7.5 9.5 4.5-1.5 7.5-5 7.5-9.5V6z"/><path d="m8.5 12 2.5 2.5 4.5-5"/>',
  alerter: '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15z"/><path d="M10 20.5a2.2 2.2 0 0 0 4 0"/>',
  secret_store: '<circle cx="8" cy="15.5" r="4.5"/><path d="m11.3 12.2 8.2-8.2m-3.5 3.5 3 3m-6 0 2 2"/>',
  format: '<path d="M6 3h8l5 5v12a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z"/><path d="M14 3v5h5M8.5 13h7M8.5 16.5h7"/>',
};
const OTHER = '<rect x="4" y="4" width="16" height="16" rx="3"/><path d="M12 8.5v7M8.5 12h7"/>';

export const icon = (type: string | undefined): Html =>
  ours(`<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${(type !== undefined && Object.hasOwn(PATHS, type) ? PATHS[type] : undefined) ?? OTHER}</svg>`);

/** The colour of a type's tile: a class of site.css. */
export const tile = (type: string | undefined): string => (type !== undefined && Object.hasOwn(PATHS, type) ? `tile t-${type}` : "tile");

/** The project's mark, also its icon in tabs. */
export const MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24"><path fill="#5661e0" d="m12 2 10 5-10 5L2 7z"/><path fill="#7f89f5" d="m4.3 10.6 7.7 3.9 7.7-3.9L22 12l-10 5-10-5z"/><path fill="#aab2ff" d="m4.3 15.6 7.7 3.9 7.7-3.9L22 17l-10 5-10-5z"/></svg>';
