/**
 * The message types of a node's actors, and which of them go from node to node: a fault of messages acts on those only.
 * The compiler holds this table and the unions of messages together: one that is missing, or gone, does not compile.
 */
import type { AcceptorMessage, LearnerMessage, ProposerMessage } from './paxos/messages.ts'
import type { SessionMessage } from './sessions/session.ts'
import type { DirectoryMessage, FromDirectory } from './sharding/messages.ts'
import type { ToSession, TransactionMessage } from './transactions/messages.ts'

type GroupMessage = AcceptorMessage | ProposerMessage | LearnerMessage
type ShardMessage = TransactionMessage | ToSession | SessionMessage | DirectoryMessage | FromDirectory
type Reach = 'between nodes' | 'local'

const reaches: Readonly<Record<(GroupMessage | ShardMessage)['type'], Reach>> = {
  // paxos
  prepare: 'between nodes',
  promise: 'between nodes',
  accept: 'between nodes',
  accepted: 'between nodes',
  preempted: 'between nodes',
  heartbeat: 'between nodes',
  confirm: 'between nodes',
  confirmed: 'between nodes',
  preVote: 'between nodes',
  preVoted: 'between nodes',
  transfer: 'between nodes',
  fetch: 'between nodes',
  fetched: 'between nodes',
  compacted: 'between nodes',
  recover: 'between nodes',
  recovery: 'between nodes',
  'paxos.snapshotAsked': 'between nodes',
  'paxos.snapshotChunk': 'between nodes',
  chosen: 'local',
  catchUp: 'local',
  replay: 'local',
  flushed: 'local',
  installed: 'local',
  readLog: 'local',
  doYouVote: 'local',
  propose: 'local',
  flush: 'local',
  heard: 'local',
  learnerStarted: 'local',
  voting: 'local',
  'paxos.decided': 'local',
  'paxos.acceptorStarted': 'local',
  'paxos.compacted': 'local',
  'paxos.needSnapshot': 'local',
  'paxos.logRead': 'local',
  'paxos.lead': 'local',
  'paxos.follow': 'local',
  'paxos.confirmed': 'local',
  // transactions (their `prepare` stands above) and the sessions that ask for them
  submit: 'between nodes',
  submitted: 'between nodes',
  readKeys: 'between nodes',
  keysRead: 'between nodes',
  scanKeys: 'between nodes',
  keysScanned: 'between nodes',
  lookup: 'between nodes',
  notLeader: 'between nodes',
  wrongEpoch: 'between nodes',
  overloaded: 'between nodes',
  vote: 'between nodes',
  finish: 'between nodes',
  finished: 'between nodes',
  inquire: 'between nodes',
  wound: 'between nodes',
  transactions: 'local',
  transact: 'local',
  read: 'local',
  scan: 'local',
  bulk: 'local',
  routes: 'local',
  // sharding
  getMap: 'between nodes',
  map: 'between nodes',
  assign: 'between nodes',
  assigned: 'between nodes',
}

function of(reach: Reach): string[] {
  return Object.entries(reaches).flatMap(([type, one]) => (one === reach ? [type] : []))
}

export const messageTypes: { readonly betweenNodes: readonly string[]; readonly local: readonly string[] } = {
  betweenNodes: of('between nodes').sort(),
  local: of('local').sort(),
}
