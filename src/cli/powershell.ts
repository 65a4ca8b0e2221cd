import { type Place, valuedFlags } from "./completion-places.js";

/**
 * The script that completes a program's commands in PowerShell.
 *
 * @param described whether to include the purpose of each command and flag, which PowerShell shows beside the list
 */
export function powershellScript(program: string, places: readonly Place[], described: boolean): string {
  const offers = places.map(({ words, spec, flags }) => {
    const commands = (spec.subcommands ?? []).map(({ name, summary }) => offer(name, described ? summary : name));
    const options = flags.map(({ name, help }) => offer(`--${name}`, described ? help : `--${name}`));
    return `    ${quoted(words)} = @(${[...commands, ...options].join(", ")})`;
  });
  const values = valuedFlags(places).flatMap(({ name, short, values: choices = [] }) => {
    const list = choices.map((choice) => offer(choice, choice)).join(", ");
    return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])].map(
      (flag) => `    ${quoted(flag)} = @(${list})`,
    );
  });
  return `# ${program} completion for PowerShell: ${program} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName '${program}', '${program}-ts' -ScriptBlock {
  param($current, $line, $cursor)
  $offers = @{
${offers.join("\n")}
  }
  $values = @{
${values.join("\n")}
  }
  $place = ''
  $previous = ''
  foreach ($element in @($line.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursor) { break }
    $previous = $element.ToString()
    $next = "$place $previous".Trim()
    if ($offers.ContainsKey($next)) { $place = $next }
  }
  $offered = if ($values.ContainsKey($previous)) { $values[$previous] } else { $offers[$place] }
  foreach ($each in $offered) {
    if ($each.text.StartsWith($current)) {
      [System.Management.Automation.CompletionResult]::new($each.text, $each.text, 'ParameterValue', $each.purpose)
    }
  }
}
`;
}

function offer(text: string, purpose: string): string {
  return `@{ text = ${quoted(text)}; purpose = ${quoted(purpose)} }`;
}

/** A string without substitutions. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
