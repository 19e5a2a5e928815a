/** A plain page of the cluster, until the dashboard takes the base port. */
import { html } from 'hono/html'
import { clusterCommand } from '../config/command.ts'
import type { ClusterView } from './http.ts'

export function clusterPage({ cluster, data, nodes }: ClusterView) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Synod ${cluster}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; }
</style>
</head>
<body>
<h1>Synod ${cluster}</h1>
<table>
<thead><tr><th>Node</th><th>State</th><th>Process</th><th>Restarts</th><th>Look</th></tr></thead>
<tbody>
${nodes.map(
  node => html`<tr><td><a href="${node.url}/healthz">${node.id}</a></td><td>${node.state} ${node.detail}</td><td>${node.pid ?? '–'}</td><td>${node.restarts}</td>
<td><a href="${node.url}/openapi.json">API</a> · <a href="${node.url}/metrics">metrics</a> · <a href="${node.url}/admin/status">status</a> · <a href="${node.url}/admin/groups">groups</a></td></tr>`,
)}
</tbody>
</table>
<p>Data: <code>${data}</code>. State as JSON: <a href="/api/cluster">/api/cluster</a>. On the command line: <code>${clusterCommand} status</code>.</p>
</body>
</html>`
}
