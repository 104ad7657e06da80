import { readFileSync } from 'node:fs'
import t from 'tap'
import { groupRecordFormat } from '../../../../../broker/coordinator/group/model/group-records.ts'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import { buildBatch, type RecordInput } from '../../../../../protocol/records/builder.ts'
import { buildEndTransactionBatch } from '../../../../../protocol/records/control.ts'
import { readRecords } from '../../../../../protocol/records/record.ts'
import { ZERO_UUID } from '../../../../../protocol/wire.ts'
import { context, form, TOPIC_IDS, World, writeLog } from '../harness.ts'

const DAY_MS = 86_400_000
const RETENTION_MS = 7 * DAY_MS

async function start(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World({ config: { groupInitialRebalanceDelayMs: 20 }, ...options })
  await world.ready()
  return world
}

t.test('trap 20: generation -1 without member id commits to a group without members, and to no other', async (t) => {
  const world = await start()
  const simple = world.member('g')
  t.equal(await simple.commit(42n), ErrorCode.NONE)
  t.equal(await world.fetch('g'), 42n)
  t.match(await world.describe('g'), { groupState: 'Empty', protocolType: '' })
  const member = world.member('g')
  await form(world, member)
  t.equal(await simple.commit(43n), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await member.commit(44n), ErrorCode.NONE)
  t.equal(await member.commit(45n, { generationIdOrMemberEpoch: 7 }), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await world.fetch('g'), 44n)
  await member.leave()
  t.equal(await simple.commit(46n), ErrorCode.NONE)
  t.equal(await member.commit(47n), ErrorCode.UNKNOWN_MEMBER_ID)
})

t.test('a member between two generations may not commit', async (t) => {
  const world = await start()
  const member = world.member('g')
  await world.complete(member.join())
  t.equal(await member.commit(1n), ErrorCode.REBALANCE_IN_PROGRESS)
})

t.test('a commit with a generation to a group that is not there: GROUP_ID_NOT_FOUND from v9 on', async (t) => {
  const world = await start()
  const member = world.member('none')
  member.generationId = 3
  member.memberId = 'm'
  t.equal(await member.commit(1n, { version: 8 }), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await member.commit(1n, { version: 9 }), ErrorCode.GROUP_ID_NOT_FOUND)
})

t.test('trap 20: metadata may have 4096 characters, and null is empty', async (t) => {
  const world = await start()
  const simple = world.member('g')
  t.equal(await simple.commit(1n, { metadata: 'x'.repeat(4097) }), ErrorCode.OFFSET_METADATA_TOO_LARGE)
  t.equal(await world.fetch('g'), -1n)
  t.equal(await simple.commit(2n, { metadata: 'x'.repeat(4096) }), ErrorCode.NONE)
  t.equal(await simple.commit(3n, { metadata: null, partition: 1 }), ErrorCode.NONE)
  const topics = [{ name: 'orders', partitionIndexes: [0, 1] }]
  const request = { groupId: 'g', topics, groups: [], requireStable: false }
  const answer = await world.complete(world.coordinator.fetchOffsets(context(5), request))
  t.same(
    answer.topics?.[0]?.partitions.map(({ metadata }) => metadata?.length),
    [4096, 0],
  )
})

t.test('topics that do not exist are refused, by name and by id (v10)', async (t) => {
  const world = await start()
  const simple = world.member('g')
  t.equal(await simple.commit(1n, { topic: 'nowhere' }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal(await simple.commit(1n, { partition: 4 }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal(await simple.commit(1n, { version: 10, topicId: 'AAAAAAAAAAAAAAAAAAAABQ' }), ErrorCode.UNKNOWN_TOPIC_ID)
  t.equal(await simple.commit(5n, { version: 10, topic: '', topicId: TOPIC_IDS['orders']! }), ErrorCode.NONE)
  t.equal(await world.fetch('g'), 5n)
})

t.test(
  'OffsetFetch answers topics by id from v10 on, and leaves out what is deleted when all are asked for',
  async (t) => {
    const world = await start()
    await world.member('g').commit(1n)
    await world.member('g').commit(2n, { topic: 'payments' })
    const fetch = async (topicIds: string[] | null) => {
      const topics = topicIds?.map((topicId) => ({ name: '', topicId, partitionIndexes: [0] })) ?? null
      const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
      const request = { groupId: '', topics: null, groups, requireStable: false }
      return (await world.complete(world.coordinator.fetchOffsets(context(10), request))).groups?.[0]?.topics
    }
    const unknown = 'AAAAAAAAAAAAAAAAAAAABQ'
    t.match(await fetch([TOPIC_IDS['orders']!, unknown]), [
      { topicId: TOPIC_IDS['orders'], partitions: [{ committedOffset: 1n, errorCode: 0 }] },
      { topicId: unknown, partitions: [{ committedOffset: -1n, errorCode: ErrorCode.UNKNOWN_TOPIC_ID }] },
    ])
    t.same(
      (await fetch(null))?.map(({ topicId }) => topicId),
      Object.values(TOPIC_IDS),
    )
  },
)

t.test('trap 20: null topics fetch all (v2+), several groups at once (v8+)', async (t) => {
  const world = await start({ partitionCount: 5 })
  for (const [index, group] of ['a', 'b'].entries()) {
    await world.member(group).commit(BigInt(index), { partition: index })
    await world.member(group).commit(9n, { topic: 'payments' })
  }
  const request = { groupId: 'a', topics: null, groups: [], requireStable: false }
  const all = await world.complete(world.coordinator.fetchOffsets(context(2), request))
  t.match(all, { errorCode: 0, topics: [{ name: 'orders' }, { name: 'payments' }] })
  const groups = ['a', 'b', 'none'].map((groupId) => ({ groupId, memberId: 'm', memberEpoch: 4, topics: null }))
  const several = await world.complete(world.coordinator.fetchOffsets(context(9), { ...request, groups }))
  t.match(several.groups, [
    { groupId: 'a', errorCode: 0, topics: { length: 2 } },
    { groupId: 'b', errorCode: 0, topics: { length: 2 } },
    { groupId: 'none', errorCode: 0, topics: { length: 0 } },
  ])
})

t.test(
  'trap 20, KAFKA-19246: an error of the group stands on every partition at v1, on the answer at v2, then on the group',
  async (t) => {
    const world = await start()
    world.coordinator.onResigned(0)
    const topics = [{ name: 'orders', partitionIndexes: [0, 3] }]
    const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics: null }]
    const request = { groupId: 'g', topics, groups, requireStable: false }
    const fetch = (version: number) => world.complete(world.coordinator.fetchOffsets(context(version), request))
    const errorCode = ErrorCode.NOT_COORDINATOR
    const v1 = await fetch(1)
    t.match(v1.topics?.[0]?.partitions, [
      { partitionIndex: 0, committedOffset: -1n, errorCode },
      { partitionIndex: 3, committedOffset: -1n, errorCode },
    ])
    t.match(await fetch(2), { errorCode, topics: { length: 0 } })
    t.match(await fetch(8), { groups: [{ groupId: 'g', errorCode, topics: { length: 0 } }] })
  },
)

t.test('trap 33: offsets of topics that the group is subscribed to cannot be deleted', async (t) => {
  const world = await start()
  const member = world.member('g')
  await world.member('g').commit(1n, { topic: 'payments' })
  await form(world, member)
  await member.commit(2n)
  const remove = async (groupId: string, name: string, partitionIndex = 0) => {
    const topics = [{ name, partitions: [{ partitionIndex }] }]
    const answer = await world.complete(world.coordinator.deleteOffsets({ groupId, topics }))
    return answer.errorCode === 0 ? answer.topics[0]?.partitions[0]?.errorCode : answer.errorCode
  }
  t.equal(await remove('g', 'orders'), ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)
  t.equal(await remove('g', 'payments'), ErrorCode.NONE)
  t.equal(await remove('g', 'payments', 9), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal(await remove('none', 'orders'), ErrorCode.GROUP_ID_NOT_FOUND)
  t.equal(await remove('', 'orders'), ErrorCode.INVALID_GROUP_ID)
  t.equal(await world.fetch('g', 'orders'), 2n)
  t.equal(await world.fetch('g', 'payments'), -1n)
  await form(world, world.member('connect', { protocolType: 'connect' }))
  t.equal(await remove('connect', 'orders'), ErrorCode.NON_EMPTY_GROUP)
})

t.test('offsets expire after the retention: since the commit, or since the last member left', async (t) => {
  const world = await start()
  const simple = world.member('simple')
  await simple.commit(1n)
  const member = world.member('g')
  await form(world, member)
  await member.commit(2n)
  await member.commit(3n, { topic: 'payments' })
  const staysAlive = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 9_000) {
      await world.run(9_000)
      if ((await member.heartbeat()) !== ErrorCode.NONE) throw new Error('the member is gone')
    }
  }
  world.config.offsetsRetentionMs = DAY_MS / 4
  await staysAlive(DAY_MS / 4 + 700_000)
  t.equal(await world.fetch('simple'), -1n)
  t.equal(await world.stateOf('simple'), 'Dead', 'the group goes with its last offset')
  t.equal(await world.fetch('g'), 2n, 'a member is subscribed to it')
  t.equal(await world.fetch('g', 'payments'), -1n, 'nobody is')
  await member.leave()
  await world.run(DAY_MS / 4 - 1_000_000)
  t.equal(await world.fetch('g'), 2n)
  await world.run(1_700_000)
  t.equal(await world.fetch('g'), -1n)
  t.equal(await world.stateOf('g'), 'Dead')
  world.crash()
  await world.ready()
  t.equal(await world.stateOf('g'), 'Dead')
})

t.test('an expiry that the client chose (v2 to v4) holds instead of the retention', async (t) => {
  const world = await start()
  const member = world.member('g')
  await member.commit(1n, { version: 4, retentionTimeMs: 3_600_000n })
  await member.commit(2n, { version: 4, partition: 1, retentionTimeMs: BigInt(RETENTION_MS * 3) })
  world.crash()
  await world.run(3_600_000 + 700_000)
  t.equal(await world.fetch('g', 'orders', 0), -1n)
  await world.run(RETENTION_MS * 2)
  t.equal(await world.fetch('g', 'orders', 1), 2n)
})

t.test(
  'the records are those that Kafka 4.4 writes: GroupMetadataValue 3, OffsetCommitValue 4, or 1 with an expiry',
  async (t) => {
    const world = await start()
    const member = world.member('g')
    await form(world, member)
    await member.commit(5n)
    await member.leave()
    await world.member('g').commit(6n, { version: 4, retentionTimeMs: 1000n })
    await world.run(1000)
    let bytes = new Uint8Array(0)
    world.log.readSync(0, 1_000_000, world.log.logEndOffset, true, (_error, slices) => {
      bytes = Buffer.concat(slices)
    })
    const records = readRecords(bytes).map(({ key, value }) => [key![1], value![1]])
    t.same(records, [
      [2, 3],
      [2, 3],
      [1, 4],
      [2, 3],
      [1, 1],
    ])
  },
)

/** Those that offsets are of. */
function topicsIn(log: Uint8Array): { name: string; id: string }[] {
  const topics = new Map<string, string>()
  for (const { key, value } of readRecords(log)) {
    const record = key === null || key.length < 8 ? null : groupRecordFormat.decode(key, value)
    if (record?.kind === 'offset') topics.set(record.topic, record.value?.topicId ?? ZERO_UUID)
  }
  return [...topics].map(([name, id]) => ({ name, id }))
}

t.test(
  'logs that Apache Kafka wrote are loaded: classic, consumer, share groups and offsets of transactions',
  async (t) => {
    const load = async (index: number) => {
      const bytes = readFileSync(
        new URL(`../../../../oracle/group-logs/__consumer_offsets-${index}.log`, import.meta.url),
      )
      const loaded = new World({ prepare: (node) => writeLog(node, bytes) })
      // Offsets of topics that are not there would go.
      for (const { name, id } of topicsIn(bytes)) loaded.topics.set(name, { id, partitionCount: 4 })
      await loaded.ready()
      return loaded
    }
    const world = await load(0)
    t.equal(await world.fetch('group-classic', 'codec-lz4', 1), 100n)
    t.equal(await world.fetch('group-manual', 'segments'), 777n)
    t.equal(await world.fetch('txn-group', 'segments', 0, true), 1234n)
    t.equal(await world.fetch('group-consumer', 'codec-none', 1), 100n)
    t.match(await world.describe('group-classic'), {
      groupState: 'Empty',
      protocolType: 'consumer',
      members: { length: 0 },
    })
    t.match(await world.describe('group-consumer'), { groupState: 'Dead', errorCode: ErrorCode.GROUP_ID_NOT_FOUND })
    const list = async (world: World) => {
      const { groups } = await world.complete(world.coordinator.listGroups({ statesFilter: [], typesFilter: [] }))
      return groups.map(({ groupId, groupType }) => `${groupType} ${groupId}`).sort()
    }
    t.same(await list(world), [
      'classic group-classic',
      'classic group-manual',
      'classic txn-group',
      'consumer group-consumer',
    ])

    // A classic member takes the consumer group's place; its offsets stay.
    const member = world.member('group-consumer')
    await form(world, member)
    t.match(await world.describe('group-consumer'), { groupState: 'Stable', errorCode: 0 })
    t.equal(await world.fetch('group-consumer', 'codec-none', 1), 100n)
    world.crash()
    await world.ready()
    t.equal(await member.heartbeat(), ErrorCode.NONE)

    const shares = await load(1)
    t.same(await list(shares), ['share workers'])
    const refused = await shares.complete(shares.member('workers').sendJoin())
    t.equal(refused.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    const { results } = await shares.complete(shares.coordinator.deleteGroups({ groupsNames: ['workers'] }))
    t.equal(results[0]?.errorCode, ErrorCode.NONE, 'nobody is in it')
  },
)

t.test(
  'trap 20: requireStable waits for open transactions; abort forgets, commit counts unless something came later',
  async (t) => {
    const log: Uint8Array[] = []
    let offset = 0
    const add = (batch: Uint8Array): void => {
      new DataView(batch.buffer, batch.byteOffset).setBigInt64(0, BigInt(offset++))
      log.push(batch)
    }
    const commit = (producerId: bigint, partition: number, committed: number): void => {
      const producer = producerId < 0n ? {} : { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }
      add(buildBatch({ timestamp: 1, ...producer, records: [offsetRecord('g', partition, committed)] }))
    }
    const end = (producerId: bigint, type: 'commit' | 'abort'): void =>
      add(buildEndTransactionBatch({ producerId, producerEpoch: 0, timestamp: 1 }, type, 0))
    commit(7n, 0, 10)
    commit(-1n, 0, 11)
    end(7n, 'commit')
    commit(7n, 1, 20)
    end(7n, 'abort')
    commit(8n, 2, 30)
    commit(9n, 3, 40)
    end(9n, 'commit')
    const world = await start({ prepare: (node) => writeLog(node, Buffer.concat(log)) })
    t.equal(await world.fetch('g', 'orders', 0), 11n, 'the later commit counts')
    t.equal(await world.fetch('g', 'orders', 1), -1n)
    t.equal(await world.fetch('g', 'orders', 2), -1n)
    t.equal(await world.fetch('g', 'orders', 3, true), 40n)
    const topics = [{ name: 'orders', partitionIndexes: [2, 3] }]
    const request = { groupId: 'g', topics, groups: [], requireStable: true }
    const answer = await world.complete(world.coordinator.fetchOffsets(context(7), request))
    t.same(
      answer.topics?.[0]?.partitions.map(({ errorCode }) => errorCode),
      [ErrorCode.UNSTABLE_OFFSET_COMMIT, 0],
    )
  },
)

t.test('records of an unknown type are kept, logged once and skipped; a damaged log is not served', async (t) => {
  const record = (type: number): RecordInput => ({ key: Uint8Array.of(0, type, 0, 1, 103), value: Uint8Array.of(0, 0) })
  const log = buildBatch({ timestamp: 1, records: [record(99), record(99), offsetRecord('g', 0, 5)] })
  const world = await start({ prepare: (node) => writeLog(node, log) })
  t.equal(await world.fetch('g'), 5n)
  t.equal(world.node.logger.events.filter(({ message }) => message.includes('unknown type')).length, 1)

  const damaged = buildBatch({ timestamp: 1, records: [{ key: Uint8Array.of(0, 2, 9, 9), value: Uint8Array.of(0) }] })
  const broken = await start({ prepare: (node) => writeLog(node, damaged) })
  await t.rejects(broken.fetch('g'), { message: `fetch of g: error ${ErrorCode.NOT_COORDINATOR}` })
  t.equal(broken.node.logger.events.filter(({ level }) => level === 'error').length, 1)
})

/** OffsetCommitKey and a value of version 0, by hand. */
function offsetRecord(group: string, partition: number, offset: number): RecordInput {
  const key = Buffer.concat([
    Uint8Array.of(0, 1, 0, group.length),
    Buffer.from(group),
    Uint8Array.of(0, 6),
    Buffer.from('orders'),
    Uint8Array.of(0, 0, 0, partition),
  ])
  const value = Buffer.alloc(2 + 8 + 2 + 8)
  value.writeBigInt64BE(BigInt(offset), 2)
  value.writeBigInt64BE(1n, 12)
  return { key, value }
}
