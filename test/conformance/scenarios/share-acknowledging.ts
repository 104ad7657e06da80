// Share groups: batches of acknowledgements that do not go together, and what is left of the records after each.
//
// Each case has a partition of 30 records to itself, acquired either as three batches or as one (Kafka keeps the state
// of a batch, or of each record once they differ), and acknowledged either by ShareAcknowledge or on the way of a
// ShareFetch. What was then done with the records shows in the state that is kept, in what another member is given at
// once (released), and in what it is given when the first one's session has ended (acquired until then).

import type { RequestInputOf } from '../../../protocol/apis.ts'
import type { Scenario, Session } from '../session.ts'
import {
  ACCEPT,
  type Batches,
  configure,
  fetchBody,
  GAP,
  member,
  produce,
  REJECT,
  RELEASE,
  RENEW,
  range,
} from './share-group.ts'

interface Case {
  readonly label: string
  readonly batches: Batches
  /** Acknowledged before, by themselves. */
  readonly before?: Batches
  /** Of the 30 records, how many are acquired. */
  readonly acquired?: number
  readonly isRenewAck?: boolean
}

const repeated = (count: number, type: number) => Array.from({ length: count }, () => type)

const cases: readonly Case[] = [
  { label: 'one after the other', batches: [range(0, 9, ACCEPT), range(10, 19, RELEASE)] },
  { label: 'one record apart', batches: [range(0, 3, ACCEPT), range(5, 9, RELEASE)] },
  { label: 'one record in common', batches: [range(0, 10, ACCEPT), range(10, 19, ACCEPT)] },
  { label: 'one record in common, accepted and released', batches: [range(0, 10, ACCEPT), range(10, 19, RELEASE)] },
  { label: 'one record in common, released and accepted', batches: [range(0, 4, RELEASE), range(4, 9, ACCEPT)] },
  { label: 'one record in common, rejected', batches: [range(0, 4, REJECT), range(4, 9, GAP)] },
  { label: 'one record in common, a type for each', batches: [range(0, 2, 1, 2, 3), range(2, 4, 1, 2, 3)] },
  { label: 'one record in common with the second of three', batches: [range(0, 1, 1), range(2, 4, 1), range(4, 9, 1)] },
  { label: 'some records in common', batches: [range(0, 4, ACCEPT), range(2, 6, ACCEPT)] },
  { label: 'one within the other', batches: [range(0, 19, ACCEPT), range(5, 6, RELEASE)] },
  { label: 'the same twice', batches: [range(0, 9, ACCEPT), range(0, 9, ACCEPT)] },
  { label: 'the same record twice', batches: [range(0, 0, ACCEPT), range(0, 0, ACCEPT)] },
  { label: 'the same record twice, released and accepted', batches: [range(7, 7, RELEASE), range(7, 7, ACCEPT)] },
  { label: 'the last one first', batches: [range(10, 19, ACCEPT), range(0, 9, ACCEPT)] },
  { label: 'the wrong way round', batches: [range(0, 4, ACCEPT), range(9, 5, ACCEPT)] },
  { label: 'none between them', batches: [range(0, 4, ACCEPT), range(6, 5, ACCEPT)] },
  { label: 'too few types', batches: [range(0, 4, ACCEPT), range(5, 9, ...repeated(2, ACCEPT))] },
  { label: 'too many types', batches: [range(0, 4, ACCEPT), range(5, 9, ...repeated(6, ACCEPT))] },
  { label: 'no type', batches: [range(0, 4, ACCEPT), range(5, 9)] },
  { label: 'a type that there is not', batches: [range(0, 4, ACCEPT), range(5, 9, 5)] },
  { label: 'a type below 0', batches: [range(0, 4, ACCEPT), range(5, 6, ACCEPT, -1)] },
  { label: 'below 0', batches: [range(-5, -1, ACCEPT), range(0, 4, ACCEPT)] },
  { label: 'from below 0 on', batches: [range(-5, 4, ACCEPT), range(5, 9, ACCEPT)] },
  { label: 'from below 0 on, a type for each', batches: [range(-2, 1, 1, 1, 1, 2)] },
  { label: 'never acquired', acquired: 20, batches: [range(0, 4, ACCEPT), range(20, 24, ACCEPT)] },
  { label: 'partly never acquired', acquired: 20, batches: [range(0, 4, ACCEPT), range(15, 24, ACCEPT)] },
  { label: 'past the end of the log', batches: [range(0, 4, ACCEPT), range(30, 34, ACCEPT)] },
  { label: 'partly past the end of the log', batches: [range(0, 4, ACCEPT), range(25, 34, ACCEPT)] },
  { label: 'done already', before: [range(0, 4, ACCEPT)], batches: [range(0, 4, ACCEPT), range(5, 9, ACCEPT)] },
  { label: 'partly done already', before: [range(0, 4, ACCEPT)], batches: [range(3, 6, ACCEPT), range(7, 9, ACCEPT)] },
  { label: 'done and begun with', before: [range(0, 4, ACCEPT)], batches: [range(3, 6, 1, 1, 2, 1)] },
  { label: 'one record in common, done already', before: [range(0, 4, 1)], batches: [range(0, 4, 1), range(4, 9, 1)] },
  {
    label: 'one record in common, after what is done',
    before: [range(0, 4, 1)],
    batches: [range(0, 5, 1), range(5, 9, 1)],
  },
  { label: 'done, past others', before: [range(5, 9, ACCEPT)], batches: [range(0, 4, ACCEPT), range(5, 9, ACCEPT)] },
  { label: 'partly done, past others', before: [range(5, 9, ACCEPT)], batches: [range(0, 6, RELEASE)] },
  { label: 'released already', before: [range(2, 3, RELEASE)], batches: [range(0, 1, ACCEPT), range(2, 9, ACCEPT)] },
  { label: 'renewed', isRenewAck: true, batches: [range(0, 4, RENEW), range(5, 9, ACCEPT)] },
  { label: 'one record in common, renewed twice', isRenewAck: true, batches: [range(0, 4, RENEW), range(4, 9, RENEW)] },
  {
    label: 'one record in common, renewed and accepted',
    isRenewAck: true,
    batches: [range(0, 4, RENEW), range(4, 9, ACCEPT)],
  },
  {
    label: 'one record in common, accepted and renewed',
    isRenewAck: true,
    batches: [range(0, 4, ACCEPT), range(4, 9, RENEW)],
  },
  {
    label: 'one record in common, of three',
    isRenewAck: true,
    batches: [range(0, 4, 4), range(4, 4, 1), range(4, 9, 1)],
  },
  { label: 'renewed, released and renewed', isRenewAck: true, batches: [range(0, 2, RENEW, RELEASE, RENEW)] },
  { label: 'said to be renewed, and is not', isRenewAck: true, batches: [range(0, 9, ACCEPT)] },
  { label: 'renewed, and does not say so', batches: [range(0, 4, ACCEPT), range(5, 9, RENEW)] },
]

type Way = (typeof ways)[number]
const ways = ['ShareAcknowledge', 'ShareFetch'] as const
const sizes = [10, 100]
const records = 30
/** Of a fetch that brings nothing. */
const moment = 50

const acknowledging =
  (way: Way): Scenario =>
  async (s) => {
    const name = way === 'ShareFetch' ? 'share-acks-fetching' : 'share-acks'
    const count = cases.length * sizes.length
    await s.coordinator(name)
    const topicId = await s.topic(name, count)
    await configure(s, name, { 'share.auto.offset.reset': 'earliest' })
    await member(s, name, 'a', name, count)
    let index = 0
    for (const batchSize of sizes) {
      for (const one of cases) {
        for (let base = 0; base < records; base += 10) await produce(s, name, base, 10, index)
        await play(
          s,
          { ...one, label: `${one.label}, of batches of ${batchSize}` },
          way,
          name,
          topicId,
          index,
          batchSize,
        )
        index++
      }
    }
  }

async function play(
  s: Session,
  { label, batches, before, acquired = records, isRenewAck = false }: Case,
  way: Way,
  groupId: string,
  topicId: string,
  partitionIndex: number,
  batchSize: number,
): Promise<void> {
  const topics = (acknowledgementBatches: Batches) => [
    { topicId, partitions: [{ partitionIndex, acknowledgementBatches }] },
  ]
  const body = (batches: Batches, shareSessionEpoch: number): RequestInputOf<'ShareAcknowledge'> => {
    return { groupId, memberId: 'a', shareSessionEpoch, topics: topics(batches) }
  }
  const fetch = (what: string, memberId: string, epoch: number, extra: Parameters<typeof fetchBody>[3]) =>
    s.ask(`${label}: ${what}`, 'ShareFetch', 2, fetchBody(groupId, memberId, epoch, { maxWaitMs: moment, ...extra }))
  let epoch = 0
  await fetch('acquired', 'a', epoch++, {
    ...{ maxWaitMs: 5000, topics: topics([]), batchSize, maxRecords: acquired },
  })
  if (before !== undefined) await s.ask(`${label}: before`, 'ShareAcknowledge', 2, body(before, epoch++))
  if (way === 'ShareAcknowledge')
    await s.ask(`${label}: acknowledged`, way, 2, { ...body(batches, epoch++), isRenewAck })
  else {
    const nothing = { maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0 }
    await fetch('acknowledged', 'a', epoch++, { ...(isRenewAck && nothing), isRenewAck, topics: topics(batches) })
  }
  await s.ask(`${label}: kept`, 'ReadShareGroupState', 0, {
    groupId,
    topics: [{ topicId, partitions: [{ partition: partitionIndex, leaderEpoch: 0 }] }],
  })
  await fetch('released', 'b', 0, { topics: topics([]) })
  await s.ask(`${label}: the end`, 'ShareAcknowledge', 2, { ...body([], -1), topics: [] })
  await fetch('acquired until the end', 'b', 1, {})
  await fetch('the end of the other', 'b', -1, {})
}

export const shareAcknowledgingScenarios: Readonly<Record<string, Scenario>> = {
  shareAcknowledging: acknowledging('ShareAcknowledge'),
  shareAcknowledgingFetches: acknowledging('ShareFetch'),
}
