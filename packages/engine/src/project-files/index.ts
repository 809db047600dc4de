// The project's files alone: for commands that must be there at once, and so load neither engine nor plugins.
export { activeStackOf, isCI, makeStateFolder, readActive, refuseImplicit, writeActive, type ActiveStack, type Named, type StackSource } from "./active-stack.ts";
export { componentNamed, deleteComponent, registerComponent, updateComponent, updated, type ComponentChange, type ComponentUpdate, type NewComponent } from "./component-edits.ts";
export { findActiveStack, findStack, isPath, pathOf, withSource } from "./find-stack.ts";
export { initProject, type InitResult } from "./init-project.ts";
export { integrationPolicy } from "./declared-policy.ts";
export type { IntegrationPolicy } from "./integration-policy.ts";
export { LOCAL_STACK } from "./local-stack.ts";
export { isStackName, loadYaml, openProjectFiles, specOf, stackSpecOf, type ProjectComponent, type ProjectFiles, type ProjectStack } from "./project-files.ts";
export { applyStack, copyStack, deleteStack, exportStack, flagFor, registerStack, updateStack, type Parts, type StackChange } from "./stack-edits.ts";
export { fileName, placeOf, type YamlFile } from "./yaml-file.ts";
export { findProject, stateDirOf, type Project } from "../project/project.ts";
