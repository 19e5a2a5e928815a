/**
 * Objects whose field names are not written: the static table of the encoding, as HPACK has one for headers (RFC 7541,
 * appendix A). What is listed here is most of what nodes store and send; all else is written with its names.
 *
 * The table is part of the wire and of every file: a change needs a new `wireVersion` and a new `formatVersion`, and
 * may only append. More than 32 would take two bytes each and a mechanism of the library that trusts its input.
 *
 * A shape that only messages have may make room for another with the wire alone, if it stays readable (`replaced`): a
 * value of a client may have had it.
 */
export const shapes: readonly string[] = [
  // rows and operations
  'value,version',
  'value',
  'version',
  'keyspace,key',
  'op,keyspace,key',
  'op,keyspace,key,value',
  'op,keyspace,key,version',
  'op,keyspace,key,amount,min',
  'user,items,total,paid',
  // log entries of groups
  'type,ballot,slot,value,chosen',
  'type,ballot,slot,incarnation',
  'round,by',
  'timeMs,tx',
  // sessions
  'session,sequence',
  'type,operations,id,firstIncomplete,deadlineMs',
  'type,tx,attempt,epoch,firstIncomplete,operations',
  'type,tag,epoch,keys,fast',
  'type,tag,values',
  'type,id,outcome',
  'status,results',
  // transactions over groups
  'index,operation',
  'index,result',
  'group,operations',
  'group,prepared,results',
  'tx,attempt',
  'tx,attempt,group',
  'tx,attempt,prepared',
  'type,id,shares,epoch,firstIncomplete,patienceMs,send,after',
  'type,tx,attempt,age,epoch,coordinator,participants,operations',
  'type,tx,attempt,nonce,group,vote,prepared,results',
  'type,tx,attempt,epoch,firstIncomplete,operations,votes',
  'type,coordinator,commit,abort',
]

/** Before a vote had a nonce. */
export const replaced: Readonly<Record<string, string>> = {
  'type,tx,attempt,nonce,group,vote,prepared,results': 'type,tx,attempt,group,vote,prepared,results',
}
