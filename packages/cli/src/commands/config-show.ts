import { settingsInForce } from "../settings/settings.ts";
import { originText } from "../settings/setting.ts";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printable, printTable } from "../ui/terminal.ts";
import { printWarnings } from "./stack-checks.ts";

/** `mlstack config show`. */
export async function configShow(flags: GlobalFlags & { readonly origin?: boolean }): Promise<void> {
  const { settings, warnings } = await settingsInForce(flags);
  if (flags.json === true) { writeJson("config-show", [...settings], warnings); return; }
  const t = stdout(flags);
  const text = (value: unknown) => (value === null ? "" : printable(typeof value === "string" ? value : JSON.stringify(value)));
  printTable(t, ["SETTING", "VALUE", ...(flags.origin === true ? ["FROM"] : [])], settings.map(({ setting, value, origin }) => [setting, text(value), ...(flags.origin === true ? [t.style(originText(origin), "dim")] : [])]));
  printWarnings(warnings, flags);
}
