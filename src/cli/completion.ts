import type { CommandSpec } from "./command-spec.js";
import { type Place, placesBelow, valuedFlags } from "./completion-places.js";
import { bytesOf } from "./go-text.js";
import { print } from "./output.js";
import { powershellScript } from "./powershell.js";

/** The shells for which there is a script. */
export type Shell = "bash" | "zsh" | "fish" | "powershell";

/**
 * Prints a script that completes the commands of a tree.
 *
 * @param described whether to include the purpose of each command and flag, which fish and PowerShell display
 */
export function printCompletion(root: CommandSpec, shell: Shell, described: boolean): void {
  const places = placesBelow([root]);
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript };
  print(bytesOf(scripts[shell](root.name, places, described)));
}

/** The function for bash, and for zsh through `bashcompinit`. It has a case for each command. */
function bashFunction(program: string, places: readonly Place[]): string {
  const cases = places.map(({ words, spec, flags }) => {
    const next = [...(spec.subcommands ?? []).map(({ name }) => name), ...flags.map(({ name }) => `--${name}`)];
    return `    "${words}") words="${next.join(" ")}" ;;`;
  });
  const known = places.filter(({ words }) => words !== "").map(({ words }) => `"${words}"`);
  const values = valuedFlags(places).map(({ name, short, values: choices = [] }) => {
    const spellings = short === undefined ? `--${name}` : `--${name}|-${short}`;
    return `    ${spellings}) COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current")); return ;;`;
  });
  return `_${program}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place="" words="" word
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do
    case "\${place:+$place }$word" in
      ${known.join("|")}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$previous" in
${values.join("\n")}
  esac
  case "$place" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
`;
}

function bashScript(program: string, places: readonly Place[]): string {
  return `# ${program} completion for bash: source <(${program} completion bash)
${bashFunction(program, places)}complete -o default -F _${program} ${program} ${program}-ts
`;
}

function zshScript(program: string, places: readonly Place[]): string {
  return `# ${program} completion for zsh: source <(${program} completion zsh)
autoload -Uz compinit bashcompinit && compinit && bashcompinit
${bashFunction(program, places)}complete -o default -F _${program} ${program} ${program}-ts
`;
}

function fishScript(program: string, places: readonly Place[], described: boolean): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = places.flatMap(({ words, spec, flags }) => {
    const about = (text: string): string => (described ? ` -d ${quoted(text)}` : "");
    const condition = `-n ${quoted(`__${program}_at ${words}`.trim())}`;
    const commands = (spec.subcommands ?? []).map(
      ({ name, summary }) => `complete -c ${program} ${condition} -a ${name}${about(summary)}`,
    );
    const options = flags.map(({ name, short, kind, help, values }) => {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const choices = values === undefined ? "" : ` -x -a ${quoted(values.join(" "))}`;
      const value = kind === "bool" ? "" : choices === "" ? " -r" : choices;
      return `complete -c ${program} ${condition} -l ${name}${letter}${value}${about(help)}`;
    });
    const files = (spec.usage ?? "").includes("filename") ? [`complete -c ${program} ${condition} -F`] : [];
    return [...commands, ...options, ...files];
  });
  const known = places.filter(({ words }) => words !== "").map(({ words }) => quoted(words));
  return `# ${program} completion for fish: ${program} completion fish | source
function __${program}_at
  set -l place
  for word in (commandline -opc)[2..-1]
    contains -- "$place $word" ${known.map((name) => name.replace("'", "' ")).join(" ")}
    and set place "$place $word"
  end
  test "$place" = " $argv" -o "$place$argv" = ""
end
complete -c ${program}-ts -w ${program}
complete -c ${program} -f
${lines.join("\n")}
`;
}
