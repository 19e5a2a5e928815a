/** Hands message rules to nodes through their `/admin/faults`. */
import { Failure } from '../node/failure.ts'
import type { RulePort } from './faults.ts'

const answerWithinMs = 3000

export function rulePort(adminToken: string): RulePort {
  const call = async (url: string, method: string, body?: unknown) => {
    const response = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    // A rule that is gone already, as its node restarted or its time was up, is what was wanted.
    if (response.ok || (method === 'DELETE' && response.status === 404)) return
    throw new Failure(`${url} answered ${response.status}: ${await response.text()}`)
  }
  return {
    add: (node, rule) => call(`${node.spec.url}/admin/faults`, 'POST', rule),
    clear: node => call(`${node.spec.url}/admin/faults`, 'DELETE'),
    remove: (node, rule) => call(`${node.spec.url}/admin/faults/${encodeURIComponent(rule)}`, 'DELETE'),
  }
}
