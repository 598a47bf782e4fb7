/** Handlebars templates of `templates/`, compiled once when first used. */
import { readFile } from "node:fs/promises";
import { PACKAGE_ROOT } from "./package-root.ts";

const DIRECTORY = new URL("templates/", PACKAGE_ROOT);
const compiled = new Map<string, HandlebarsTemplateDelegate>();

/**
 * Renders `templates/<name>.hbs`.
 * @throws Error when the template names a value that `view` does not have
 */
export async function renderTemplate(name: string, view: object): Promise<string> {
  let template = compiled.get(name);
  if (template === undefined) {
    // Loaded with the first template: an agent that only answers never needs it.
    const { default: Handlebars } = await import("handlebars");
    const source = await readFile(new URL(`${name}.hbs`, DIRECTORY), "utf8");
    template = Handlebars.compile(source, { noEscape: true, strict: true, knownHelpersOnly: true });
    compiled.set(name, template);
  }
  return template(view);
}
