// Writes what the benchmark measured into a folder: performance.md with tables, and performance.svg and performance.html with
// charts. The files name the machine and the command, and hold nothing that was not measured in this run, except for the
// section "At size" of performance.md, which stays as it is.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { workloads } from "./workloads.mjs";

const colors = ["#64748b", "#0f766e", "#b45309", "#7c3aed"];

/**
 * @param measured settings with their rows, as `bench.mjs` made them
 * @param embedded rows about a member inside a program; none if they were not measured
 * @param how number of rounds, seconds of each, and the folder to write into
 */
export function writeReport(measured, embedded, how) {
  const facts = factsOf(how);
  const chart = chartOf(measured);
  const files = {
    svg: `${chart}\n`,
    md: `${pageOf(measured, embedded, facts)}${atSizeIn(join(how.folder, "performance.md"))}`,
    html: htmlOf(measured, embedded, facts, chart),
  };
  console.log("");
  for (const [ending, text] of Object.entries(files)) {
    const path = join(how.folder, `performance.${ending}`);
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
}

/** The last section of the page that is there already, which is written by hand: other programs measured its figures. */
function atSizeIn(path) {
  const page = existsSync(path) ? readFileSync(path, "utf8") : "";
  const begin = page.indexOf("\n## At size\n");
  return begin < 0 ? "" : page.slice(begin);
}

function factsOf({ rounds, seconds, note }) {
  const [{ model = "unknown processor" } = {}] = cpus();
  const given = process.argv.slice(2).filter((arg, at, all) => arg !== "--note" && all[at - 1] !== "--note");
  // The folder of a server's program says nothing to a reader.
  const args = given
    .map((arg) => arg.replace(/^([\w-]+=)\/\S*\//, "$1"))
    .map((arg) => (/^[\w.,=/:-]+$/.test(arg) ? arg : `'${arg}'`));
  return {
    machine: `${cpus().length} cores (${model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`,
    node: process.version,
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
    }).trim(),
    command: `npm run bench -- ${args.join(" ")}`,
    note,
    how: `${rounds} ${rounds === 1 ? "round" : "rounds"} of ${seconds} s for each workload and server`,
  };
}

const columns = [
  ["rate", (row) => thousands(row.rate)],
  ["to the first", (row) => row.ratio.toFixed(2)],
  ["p50, ms", (row) => row.p50.toFixed(2)],
  ["p99, ms", (row) => row.p99.toFixed(2)],
  ["CPU, us", (row) => row.cpu.toFixed(1)],
  ["busiest thread, us", (row) => row.busiest.toFixed(1)],
  ["memory, MiB", (row) => row.rss.toFixed(0)],
];

/** The columns of a table about a member inside a program. */
const embeddedColumns = ["", "median", "CPU"];
const embeddedTitle = "Inside a program";
const embeddedNote =
  "A member in memory that a program starts, with its own client and without a socket. CPU is the time of all threads.";
const embeddedCells = ({ name, value, cpu, unit }) => [
  name,
  `${thousands(value)} ${unit}`,
  cpu === undefined ? "" : `${thousands(cpu)} ${unit}`,
];

function pageOf(measured, embedded, { machine, node, commit, command, how, note }) {
  const lines = [
    "# Performance",
    "",
    "The last run of the benchmark, as `npm run bench` writes it. Figures are medians. [How large a machine](size.md) says",
    "what keys, watchers, leases and connections take.",
    "",
  ];
  if (note !== "") lines.push(`**${note}**`, "");
  lines.push("<!-- not run: it takes many minutes of a quiet machine -->", "```sh", command, "```", "");
  lines.push(`- Machine: ${machine}. The load generator runs on the same machine as the servers.`);
  lines.push(`- Node.js ${node}, commit ${commit}; ${how}.`);
  lines.push(
    "- A rate counts calls, and for `watch` the events that watchers received. CPU is the time of all members for one",
  );
  lines.push("  of these; the busiest thread's is what no further core can relieve.");
  lines.push("", "![Rates and CPU time of each workload](performance.svg)", "");
  for (const { title, rows } of measured) {
    lines.push(`## ${title}`, "", `| workload | server | ${columns.map(([name]) => name).join(" | ")} |`);
    lines.push(`|---|---|${columns.map(() => "---:|").join("")}`);
    for (const row of rows) {
      lines.push(`| ${row.workload} | ${row.server} | ${columns.map(([, show]) => show(row)).join(" | ")} |`);
    }
    lines.push("");
  }
  if (embedded.length > 0) {
    lines.push(`## ${embeddedTitle}`, "", embeddedNote, "", `| ${embeddedColumns.join(" | ")} |`, "|---|---:|---:|");
    for (const row of embedded) lines.push(`| ${embeddedCells(row).join(" | ")} |`);
    lines.push("");
  }
  lines.push("## Workloads", "", "Values have 256 bytes.", "");
  for (const name of namesIn(measured)) lines.push(`- \`${name}\`: ${workloads[name].says}`);
  return `${lines.join("\n")}\n`;
}

function htmlOf(measured, embedded, facts, chart) {
  const cells = (tag, texts) => texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join("");
  const tables = measured.map(({ title, rows }) => {
    const head = cells("th", ["workload", "server", ...columns.map(([name]) => name)]);
    const body = rows.map((row) => {
      const texts = [row.workload, row.server, ...columns.map(([, show]) => show(row))];
      return `<tr title="${escaped(workloads[row.workload].says)}">${cells("td", texts)}</tr>`;
    });
    return `<h2>${escaped(title)}</h2>\n<table><thead><tr>${head}</tr></thead>\n<tbody>${body.join("\n")}</tbody></table>`;
  });
  if (embedded.length > 0) {
    const body = embedded.map((row) => `<tr>${cells("td", ["", ...embeddedCells(row)])}</tr>`);
    const head = cells("th", ["", ...embeddedColumns]);
    tables.push(
      `<h2>${embeddedTitle}</h2>\n<p>${embeddedNote}</p>\n<table><thead><tr>${head}</tr></thead>\n` +
        `<tbody>${body.join("\n")}</tbody></table>`,
    );
  }
  const style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#0f172a;background:#fff}" +
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}" +
    "th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #e2e8f0}" +
    "th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}svg{max-width:100%;height:auto}";
  const said = [
    facts.command,
    facts.machine,
    `Node.js ${facts.node}, commit ${facts.commit}`,
    facts.how,
    facts.note,
  ].filter((line) => line !== "");
  return [
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Performance of etcd-ts</title>`,
    `<style>${style}</style></head><body>\n<h1>Performance</h1>`,
    `<ul>${said.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>`,
    chart,
    ...tables,
    "</body></html>\n",
  ].join("\n");
}

const plot = { left: 190, width: 330, gap: 60, row: 26, top: 64 };

/** A dot for each server and workload, on logarithmic axes: rates at the left, CPU time at the right. */
function chartOf(measured) {
  const servers = [...new Set(measured.flatMap(({ rows }) => rows.map(({ server }) => server)))];
  const rows = measured.flatMap(({ title, rows: all }) => [
    { title },
    ...namesOf(all).map((name) => ({ name, dots: all.filter(({ workload }) => workload === name) })),
  ]);
  const all = measured.flatMap(({ rows: some }) => some);
  const height = plot.top + rows.length * plot.row + 20;
  const parts = [
    panel("rate, per second (more is better)", "rate", plot.left, rows, servers, all, height),
    panel("CPU for each, us (less is better)", "cpu", plot.left + plot.width + plot.gap, rows, servers, all, height),
  ];
  const legend = servers.map((name, at) => {
    const x = plot.left + at * 130;
    return `<circle cx="${x}" cy="14" r="5" fill="${colorOf(at)}"/>${text(x + 10, 18, name)}`;
  });
  const labels = rows.map(({ title, name }, at) => {
    const y = plot.top + at * plot.row + 17;
    return title === undefined ? text(24, y, name) : text(8, y, title, "font-weight:bold");
  });
  const width = plot.left + 2 * plot.width + plot.gap + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` role="img" aria-label="Rates and CPU time of each workload" font-family="system-ui,sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...legend,
    ...labels,
    ...parts,
    "</svg>",
  ].join("\n");
}

function panel(title, field, left, rows, servers, all, height) {
  const values = all.map((row) => row[field]).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...values, 1e9)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values, 1e-9))));
  const x = (value) => left + ((Math.log10(value) - low) / (high - low)) * plot.width;
  const parts = [text(left, 38, title, "font-weight:bold")];
  for (let power = low; power <= high; power++) {
    const at = x(10 ** power);
    parts.push(`<line x1="${at}" x2="${at}" y1="${plot.top}" y2="${height - 14}" stroke="#e2e8f0"/>`);
    parts.push(text(at, 56, thousands(10 ** power), "text-anchor:middle;fill:#64748b"));
  }
  for (const [at, { dots = [] }] of rows.entries()) {
    const y = plot.top + at * plot.row + 13;
    for (const dot of dots) {
      if (dot[field] <= 0) continue;
      const title = `${dot.server}, ${dot.workload}: ${thousands(dot[field])}`;
      const fill = colorOf(servers.indexOf(dot.server));
      parts.push(
        `<circle cx="${x(dot[field]).toFixed(1)}" cy="${y}" r="5" fill="${fill}"><title>${title}</title></circle>`,
      );
    }
  }
  return parts.join("\n");
}

function text(x, y, said, style = "") {
  return `<text x="${x}" y="${y}" style="${style}">${escaped(said)}</text>`;
}

function colorOf(at) {
  return colors[at % colors.length];
}

const namesOf = (rows) => [...new Set(rows.map(({ workload }) => workload))];
const namesIn = (measured) => namesOf(measured.flatMap(({ rows }) => rows));

/** A number with two digits at least, and without an exponent, which `toPrecision` writes from 99.5 on. */
export function thousands(value) {
  return value >= 99.5 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}

function escaped(said) {
  return said.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
