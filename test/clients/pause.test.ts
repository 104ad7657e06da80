// A process that stands still for longer than a session (a machine that is suspended, a debugger, a disk that does not
// answer): what clients have sent meanwhile is heard before anybody is taken for gone.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { Peer } from '../conformance/peer.ts'
import { BrokerProcess } from './broker-process.ts'

const SESSION_MS = 2000
const PAUSE_MS = 2500
const TOPIC = 'letters'

t.test('a broker that stood still has lost nothing, and takes nobody for gone who was not', async (t) => {
  const directory = mkdtempSync(`${tmpdir()}/milena-pause-`)
  const broker = new BrokerProcess(directory, ['group.min.session.timeout.ms=100'])
  t.teardown(async () => {
    await broker.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  })
  await broker.start()
  const connect = (): Peer => {
    const peer = new Peer(`127.0.0.1:${broker.port}`)
    t.teardown(() => peer.close())
    return peer
  }
  const [member, producer] = [connect(), connect()]
  const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  await ask(producer, 'CreateTopics', 5, { topics: [topic], timeoutMs: 5000, validateOnly: false })
  const { memberId, generationId } = await join(member)
  t.equal((await produce(producer, 'before')).baseOffset, 0n)

  broker.signal('SIGSTOP')
  const beat = ask(member, 'Heartbeat', 3, { groupId: 'g', generationId, memberId, groupInstanceId: null })
  const sent = produce(producer, 'meanwhile')
  await setTimeout(PAUSE_MS)
  broker.signal('SIGCONT')
  t.equal((await beat).errorCode, ErrorCode.NONE)
  t.match(await sent, { errorCode: ErrorCode.NONE, baseOffset: 1n })
  const { groups } = await ask(member, 'DescribeGroups', 5, { groups: ['g'], includeAuthorizedOperations: false })
  t.match(groups, [{ groupState: 'Stable', members: [{ memberId }] }])
})

async function ask<N extends ApiName>(
  peer: Peer,
  name: N,
  version: number,
  body: RequestInputOf<N>,
): Promise<ResponseOf<N>> {
  const answer = await peer.request(name, version, body)
  if (answer.kind !== 'body') throw new Error(`${name}: ${answer.kind}`)
  return answer.body
}

/** A group of one, as soon as its coordinator is there. */
async function join(peer: Peer): Promise<{ memberId: string; generationId: number }> {
  const protocols = [{ name: 'range', metadata: new Uint8Array(0) }]
  const times = { sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: SESSION_MS }
  const request = { groupId: 'g', groupInstanceId: null, protocolType: 'consumer', protocols, ...times }
  await ask(peer, 'FindCoordinator', 3, { key: 'g', keyType: 0 })
  let memberId = ''
  for (;;) {
    const joined = await ask(peer, 'JoinGroup', 5, { ...request, memberId })
    memberId = joined.memberId
    const { generationId } = joined
    const isJoined = joined.errorCode === ErrorCode.NONE
    const sync = { groupId: 'g', memberId, generationId, groupInstanceId: null, assignments: [] }
    if (isJoined && (await ask(peer, 'SyncGroup', 3, sync)).errorCode === ErrorCode.NONE) return joined
    if (!isJoined) await setTimeout(50)
  }
}

async function produce(peer: Peer, value: string) {
  const records = buildBatch({ records: [{ key: null, value: Buffer.from(value) }] })
  const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }]
  const { responses } = await ask(peer, 'Produce', 9, { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData })
  const answer = responses[0]?.partitionResponses[0]
  if (answer === undefined) throw new Error('no answer')
  return answer
}
