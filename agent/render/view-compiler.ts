/**
 * How Handlebars turns these templates into code: for views that are plain data, which spares a look for
 * prototypes, functions and missing objects at each of the tens of thousands of values of a large load balancer.
 */
import type HandlebarsModule from "handlebars";

type Engine = ReturnType<typeof HandlebarsModule.create>;
type Code = string | readonly unknown[];

/** What is used of Handlebars' compiler, which its types leave out (handlebarsjs.com, "Compiler API"). */
interface JavaScriptCompiler {
  nameLookup(parent: Code, name: string, type: string): Code;
  appendEscaped(): void;
  resolvePossibleLambda(): void;
  pushSource(code: Code): void;
  appendToBuffer(code: Code): Code;
  popStack(): Code;
  setupHelperArgs(helper: string, ...rest: unknown[]): Code;
  readonly source: { currentLocation: object | undefined };
}

interface ExtensibleEngine extends Engine {
  JavaScriptCompiler: new () => JavaScriptCompiler;
}

/** To compile with after {@link compilePlainViews}. */
export const PLAIN_VIEWS: CompileOptions = { knownHelpersOnly: true, assumeObjects: true };

/** What templates are called with: `print` makes of what a tag names what stands in the text. */
export interface PlainViewData {
  readonly print: (value: unknown) => string;
}

/**
 * Makes `engine` compile for views of plain objects, arrays, strings, numbers and booleans: no function of a view is
 * called, a lookup is a property, and everything is printed by the {@link PlainViewData} of the call.
 */
export function compilePlainViews(engine: Engine): void {
  const extensible = engine as ExtensibleEngine;
  class PlainViewCompiler extends extensible.JavaScriptCompiler {
    override nameLookup(parent: Code, name: string, type: string): Code {
      return type === "context"
        ? [parent, `[${JSON.stringify(name)}]`]
        : super.nameLookup(parent, name, type);
    }

    override appendEscaped(): void {
      this.pushSource(this.appendToBuffer(["data.print(", this.popStack(), ")"]));
    }

    override resolvePossibleLambda(): void {
      // Views have no functions: what was looked up is the value.
    }

    /** A helper need not know where in the template it was called: that would be three objects for each call. */
    override setupHelperArgs(helper: string, ...rest: unknown[]): Code {
      const { currentLocation } = this.source;
      this.source.currentLocation = undefined;
      const code = super.setupHelperArgs(helper, ...rest);
      this.source.currentLocation = currentLocation;
      return code;
    }
  }
  // Blocks are compiled by whatever this names.
  Object.assign(PlainViewCompiler.prototype, { compiler: PlainViewCompiler });
  extensible.JavaScriptCompiler = PlainViewCompiler;
}
