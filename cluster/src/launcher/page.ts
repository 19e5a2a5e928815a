/** A plain page of the cluster, until the dashboard takes the base port. */
import { html, raw } from 'hono/html'
import { clusterCommand } from '../config/command.ts'
import type { ClusterView } from './http.ts'
import type { Led } from './leaders.ts'
import type { NodeState, NodeStatus } from './node-process.ts'

const style = `
  :root { color-scheme: light dark; --down: #b3001b; --passing: #7a4a00; font: 16px/1.5 system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) { :root { --down: #ff8f86; --passing: #ffc35c; } }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  code { overflow-wrap: anywhere; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; }
  td a { white-space: nowrap; }
  td:nth-child(2) { overflow-wrap: anywhere; }
  .down { color: var(--down); }
  .passing { color: var(--passing); }
  .down, .passing { font-weight: 700; }
  td .down, td .passing { border: 1px solid; border-radius: .3rem; padding: 0 .4rem; white-space: nowrap; }
  @media (min-width: 48rem) { td:last-child { white-space: nowrap; } }
  @media (max-width: 48rem) {
    thead { display: block; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    table, tbody { display: block; }
    tr { display: block; padding: .5rem 0; border-bottom: 1px solid #8884; }
    td { display: grid; grid-template-columns: 6rem 1fr; padding: .1rem 0; border: 0; }
    td::before { content: attr(data-title); opacity: .7; }
  }`

/** Only lines that changed are put in, and none in which something is selected: it can be copied. */
const script = `
  const stale = document.getElementById('stale')
  const lines = 'tbody tr, #groups'
  const isSelected = line => !getSelection().isCollapsed && getSelection().containsNode(line, true)
  async function look() {
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html')
      const fresh = page.querySelectorAll(lines)
      document.querySelectorAll(lines).forEach((line, at) => {
        if (fresh[at] && !line.isEqualNode(fresh[at]) && !isSelected(line)) line.replaceWith(document.adoptNode(fresh[at]))
      })
      stale.hidden = true
    } catch {
      stale.hidden = false
    }
    setTimeout(look, 2000)
  }
  setTimeout(look, 2000)`

export function clusterPage({ cluster, data, nodes }: ClusterView, led: Led) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><noscript><meta http-equiv="refresh" content="2"></noscript>
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cluster ${cluster}</title><link rel="icon" href="data:,">
<style>${raw(style)}</style>
</head>
<body>
<h1>Cluster ${cluster}</h1>
<p id="stale" role="status" hidden>The cluster does not answer: what follows is of before.</p>
${summaryOf(led)}
<table>
<thead><tr><th>Node</th><th>State</th><th>Process</th><th>Restarts</th><th>Leads</th><th>Look</th></tr></thead>
<tbody>
${nodes.map(node => rowOf(node, led.by.get(node.id)))}
</tbody>
</table>
<p>Data: <code>${data}</code>. State as JSON: <a href="/api/cluster">/api/cluster</a>. On the command line: <code>${clusterCommand} status --data ${data}</code>.</p>
<script>${raw(script)}</script>
</body>
</html>`
}

function summaryOf({ groups, led }: Led) {
  if (groups === 0) return html`<p id="groups" class="down">No node says which groups have a leader.</p>`
  return html`<p id="groups" class="${led < groups ? 'down' : ''}">${led} of ${groups} groups have a leader.</p>`
}

/** What does not pass by itself is red; the frame is for those who do not see the colour. */
function stateOf(state: NodeState) {
  if (state === 'ready') return state
  const isDown = state === 'killed' || state === 'refused' || state === 'stopped'
  return html`<span class="${isDown ? 'down' : 'passing'}">${state}</span>`
}

function rowOf({ id, url, state, detail, pid, restarts }: NodeStatus, led: readonly string[] | undefined) {
  const why = detail === '' ? '' : ` (${detail})`
  const leads = led === undefined ? '–' : led.length === 0 ? 'none' : led.join(', ')
  return html`<tr><td data-title="Node"><a href="${url}/healthz">${id}</a></td><td data-title="State"><span>${stateOf(state)}${why}</span></td><td data-title="Process">${pid ?? '–'}</td><td data-title="Restarts">${restarts}</td><td data-title="Leads">${leads}</td>
<td data-title="Look"><span><a href="${url}/openapi.json">API</a> · <a href="${url}/metrics">metrics</a> · <a href="${url}/admin/status">status</a> · <a href="${url}/admin/groups">groups</a></span></td></tr>`
}
