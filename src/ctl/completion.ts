import type { CommandSpec } from "./command-spec.js";
import { flagsOf } from "./find-command.js";
import type { FlagSpec } from "./flag-set.js";
import { bytesOf } from "./go-text.js";
import { print } from "./output.js";

/** A command with the words that may follow it. */
interface Place {
  readonly words: string;
  readonly spec: CommandSpec;
  readonly flags: readonly FlagSpec[];
}

/**
 * Prints a script that completes the commands of a tree.
 *
 * @param described whether to include the purpose of each command and flag, which fish displays
 */
export function printCompletion(root: CommandSpec, shell: "bash" | "zsh" | "fish", described: boolean): void {
  const places = placesBelow([root]);
  const scripts = { bash: bashScript, zsh: zshScript, fish: () => fishScript(places, described) };
  print(bytesOf(scripts[shell](places)));
}

function placesBelow(path: readonly CommandSpec[]): readonly Place[] {
  const spec = path.at(-1);
  if (spec === undefined) return [];
  const words = path.slice(1).map(({ name }) => name);
  const here: Place = { words: words.join(" "), spec, flags: flagsOf(path) };
  return [here, ...(spec.subcommands ?? []).flatMap((child) => placesBelow([...path, child]))];
}

/** The function for bash, and for zsh through `bashcompinit`. It has a case for each command. */
function bashFunction(places: readonly Place[]): string {
  const cases = places.map(({ words, spec, flags }) => {
    const next = [...(spec.subcommands ?? []).map(({ name }) => name), ...flags.map(({ name }) => `--${name}`)];
    return `    "${words}") words="${next.join(" ")}" ;;`;
  });
  const known = places.filter(({ words }) => words !== "").map(({ words }) => `"${words}"`);
  const valued = new Map(
    places.flatMap(({ flags }) =>
      flags.flatMap((flag) => (flag.values === undefined ? [] : [[flag.name, flag] as const])),
    ),
  );
  const values = [...valued.values()].map(({ name, short, values: choices = [] }) => {
    const spellings = short === undefined ? `--${name}` : `--${name}|-${short}`;
    return `    ${spellings}) COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current")); return ;;`;
  });
  return `_etcdctl() {
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

function bashScript(places: readonly Place[]): string {
  return `# etcdctl completion for bash: source <(etcdctl completion bash)
${bashFunction(places)}complete -o default -F _etcdctl etcdctl etcdctl-ts
`;
}

function zshScript(places: readonly Place[]): string {
  return `# etcdctl completion for zsh: source <(etcdctl completion zsh)
autoload -Uz compinit bashcompinit && compinit && bashcompinit
${bashFunction(places)}complete -o default -F _etcdctl etcdctl etcdctl-ts
`;
}

function fishScript(places: readonly Place[], described: boolean): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = places.flatMap(({ words, spec, flags }) => {
    const about = (text: string): string => (described ? ` -d ${quoted(text)}` : "");
    const condition = `-n ${quoted(`__etcdctl_at ${words}`.trim())}`;
    const commands = (spec.subcommands ?? []).map(
      ({ name, summary }) => `complete -c etcdctl ${condition} -a ${name}${about(summary)}`,
    );
    const options = flags.map(({ name, short, kind, help, values }) => {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const choices = values === undefined ? "" : ` -x -a ${quoted(values.join(" "))}`;
      const value = kind === "bool" ? "" : choices === "" ? " -r" : choices;
      return `complete -c etcdctl ${condition} -l ${name}${letter}${value}${about(help)}`;
    });
    const files = (spec.usage ?? "").includes("filename") ? [`complete -c etcdctl ${condition} -F`] : [];
    return [...commands, ...options, ...files];
  });
  const known = places.filter(({ words }) => words !== "").map(({ words }) => quoted(words));
  return `# etcdctl completion for fish: etcdctl completion fish | source
function __etcdctl_at
  set -l place
  for word in (commandline -opc)[2..-1]
    contains -- "$place $word" ${known.map((name) => name.replace("'", "' ")).join(" ")}
    and set place "$place $word"
  end
  test "$place" = " $argv" -o "$place$argv" = ""
end
complete -c etcdctl-ts -w etcdctl
complete -c etcdctl -f
${lines.join("\n")}
`;
}
