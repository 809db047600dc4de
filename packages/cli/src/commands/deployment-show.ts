import { didYouMean, MlstackError, thereAre, type Deployment, type ModelDeployer } from "@mlstack/core";
import { count } from "../ui/format.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable, type Style, type Terminal } from "../ui/terminal.ts";
import { deploymentDocument, withDeployer } from "./with-deployer.ts";

const COLORS: Readonly<Record<string, Style>> = { ready: "green", pending: "cyan", failed: "red", stopped: "yellow", draining: "yellow" };
const colored = (t: Terminal, state: string) => t.style(state, COLORS[state] ?? "dim");

/** `mlstack deployment list`. */
export async function deploymentList(flags: GlobalFlags): Promise<void> {
  const found = await withDeployer(flags, all);
  if (flags.json === true) { writeJson("deployment-list", found.map(deploymentDocument)); return; }
  if (found.length === 0) { stderr(flags).line("nothing is deployed; a step deploys what it is given: uses: { modelDeployer: \"optional\" }"); return; }
  const t = stdout(flags);
  printTable(t, ["NAME", "STATE", "URL", "VERSION", "MODEL"], found.map((d) => [d.name, colored(t, d.state), d.url, d.version ?? "", t.plain ? d.digest : d.digest.slice(0, 12)]));
}

/** `mlstack deployment show NAME`. */
export async function deploymentShow(name: string, flags: GlobalFlags): Promise<void> {
  const found = await withDeployer(flags, async (deployer) => findDeployment(deployer, name));
  const takes = await tensorsOf(found);
  if (flags.json === true) { writeJson("deployment-show", { ...deploymentDocument(found), inputs: takes?.inputs ?? null, outputs: takes?.outputs ?? null }); return; }
  printDeployment(found, flags);
  if (takes === undefined) return;
  const t = stdout(flags);
  t.line();
  printTable(t, ["  TENSOR", "NAME", "DATATYPE", "SHAPE"], ([["input", takes.inputs], ["output", takes.outputs]] as const).flatMap(([kind, tensors]) => tensors.map((x) => [`  ${kind}`, x.name, x.datatype, `[${x.shape.join(", ")}]`])));
}

interface Tensors { readonly inputs: { name: string; datatype: string; shape: number[] }[]; readonly outputs: { name: string; datatype: string; shape: number[] }[] }

/** How long the model is given to say what it takes, in milliseconds. */
const METADATA_MS = 5000;

/** What the model takes and gives, where it can be asked by the protocol; undefined where it does not say. */
async function tensorsOf({ name, url, protocol, state }: Deployment): Promise<Tensors | undefined> {
  if (state !== "ready" || protocol !== "oip/2") return undefined;
  try {
    const answer = await fetch(`${url}/v2/models/${name}`, { signal: AbortSignal.timeout(METADATA_MS) });
    if (!answer.ok) return undefined;
    const { inputs, outputs } = (await answer.json()) as Tensors;
    const plain = (tensors: Tensors["inputs"]) => tensors.map(({ name: tensor, datatype, shape }) => ({ name: tensor, datatype, shape }));
    return { inputs: plain(inputs), outputs: plain(outputs) };
  } catch { return undefined; }
}

export function printDeployment(d: Deployment, flags: GlobalFlags): void {
  const t = stdout(flags);
  t.line([t.style(d.name, "bold"), colored(t, d.state), ...(d.url === "" ? [] : [d.url])].join("  "));
  if (d.reason !== undefined) for (const line of d.reason.split("\n")) t.line(t.style(`  ${line}`, d.state === "ready" ? "dim" : "red"));
  if (d.versions.length > 0) {
    t.line();
    printTable(t, ["  VERSION", "STATE", "TRAFFIC", "REPLICAS", "MODEL"], d.versions.map((v) => [`  ${v.id}`, colored(t, v.state), `${Math.round(v.traffic * 100)} %`, String(v.replicas ?? ""), t.plain ? v.digest : v.digest.slice(0, 12)]), [2, 3]);
  }
}

/** @throws MLS7016, with what there is */
export async function findDeployment(deployer: ModelDeployer, name: string): Promise<Deployment> {
  const found = await deployer.get(name).catch((e: unknown) => { if (isInvalidName(e)) return undefined; throw e; });
  if (found !== undefined) return found;
  const names = (await all(deployer)).map((d) => d.name);
  const near = didYouMean(name, names);
  throw new MlstackError("MLS7016", `there is no deployment ${JSON.stringify(name)}`, {
    why: names.length === 0 ? "nothing is deployed" : `${thereAre(names)} (${count(names.length, "deployment")})`, fix: near === undefined ? "mlstack deployment list" : `write ${near}`, details: { deployment: name },
  });
}

const isInvalidName = (e: unknown) => MlstackError.is(e, "MLS6003") && e.details?.["reason"] === "invalid";

async function all(deployer: ModelDeployer): Promise<Deployment[]> {
  const found: Deployment[] = [];
  for await (const d of deployer.list()) found.push(d);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
