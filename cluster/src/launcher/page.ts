/** A plain page of the cluster, until the dashboard takes the base port. */
import { html, raw } from 'hono/html'
import { clusterCommand } from '../config/command.ts'
import type { ClusterView } from './http.ts'
import type { Led } from './leaders.ts'
import type { NodeStatus } from './node-process.ts'

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  code { overflow-wrap: anywhere; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; }
  td a { white-space: nowrap; }
  @media (max-width: 48rem) {
    thead { display: block; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    table, tbody { display: block; }
    tr { display: block; padding: .5rem 0; border-bottom: 1px solid #8884; }
    td { display: grid; grid-template-columns: 6rem 1fr; padding: .1rem 0; border: 0; }
    td::before { content: attr(data-title); opacity: .7; }
  }`

/** Only rows that changed are put in, and none in which something is selected: it can be copied. */
const script = `
  const stale = document.getElementById('stale')
  const isSelected = row => !getSelection().isCollapsed && getSelection().containsNode(row, true)
  async function look() {
    try {
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html')
      const fresh = page.querySelectorAll('tbody tr')
      document.querySelectorAll('tbody tr').forEach((row, at) => {
        if (fresh[at] && !row.isEqualNode(fresh[at]) && !isSelected(row)) row.replaceWith(document.adoptNode(fresh[at]))
      })
      stale.hidden = true
    } catch {
      stale.hidden = false
    }
    setTimeout(look, 2000)
  }
  setTimeout(look, 2000)`

/** `led` lacks the nodes of which it is not known. */
export function clusterPage({ cluster, data, nodes }: ClusterView, led: Led) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><noscript><meta http-equiv="refresh" content="2"></noscript>
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Synod ${cluster}</title><link rel="icon" href="data:,">
<style>${raw(style)}</style>
</head>
<body>
<h1>Synod ${cluster}</h1>
<p id="stale" role="status" hidden>The cluster does not answer: what follows is of before.</p>
<table>
<thead><tr><th>Node</th><th>State</th><th>Process</th><th>Restarts</th><th>Leads</th><th>Look</th></tr></thead>
<tbody>
${nodes.map(node => rowOf(node, led.get(node.id)))}
</tbody>
</table>
<p>Data: <code>${data}</code>. State as JSON: <a href="/api/cluster">/api/cluster</a>. On the command line: <code>${clusterCommand} status</code>.</p>
<script>${raw(script)}</script>
</body>
</html>`
}

function rowOf({ id, url, state, detail, pid, restarts }: NodeStatus, led: readonly string[] | undefined) {
  const leads = led === undefined ? '–' : led.length === 0 ? 'none' : led.join(', ')
  return html`<tr><td data-title="Node"><a href="${url}/healthz">${id}</a></td><td data-title="State">${state} ${detail}</td><td data-title="Process">${pid ?? '–'}</td><td data-title="Restarts">${restarts}</td><td data-title="Leads">${leads}</td>
<td data-title="Look"><span><a href="${url}/openapi.json">API</a> · <a href="${url}/metrics">metrics</a> · <a href="${url}/admin/status">status</a> · <a href="${url}/admin/groups">groups</a></span></td></tr>`
}
