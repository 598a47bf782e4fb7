/** Handlebars templates of `templates/`, compiled once when first used. */
import { listPackageFiles, readPackageFile } from "./package-files.ts";

const DIRECTORY = "templates/";
const SUFFIX = ".hbs";
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
    const source = await readTemplate(name);
    template = Handlebars.compile(source, { noEscape: true, strict: true, knownHelpersOnly: true });
    compiled.set(name, template);
  }
  return template(view);
}

/** @returns the source of `templates/<name>.hbs` */
export function readTemplate(name: string): Promise<string> {
  return readPackageFile(`${DIRECTORY}${name}${SUFFIX}`);
}

/** @returns the source of every template in `templates/<folder>/`, by its name: `<folder>/<file without .hbs>` */
export async function readTemplates(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = await listPackageFiles(`${DIRECTORY}${folder}/`);
  const names = files.map((file) => `${folder}/${file.slice(0, -SUFFIX.length)}`);
  return new Map(await Promise.all(names.map(async (name) => [name, await readTemplate(name)] as const)));
}
