// The metadata log on disk: damage is told from a torn tail, and what snapshots hold goes.

import t from 'tap'
import { voterRecords } from '../../../broker/controller/snapshot-file.ts'
import { viewOf } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { BatchCursor } from '../../../protocol/records/cursor.ts'
import { StorageFault } from '../../../storage/storage-fault.ts'
import { createTopicsRequest, MetadataMachine, type Running, topicOf } from './harness.ts'

const DIRECTORY = '/data/__cluster_metadata-0'
const LOG = `${DIRECTORY}/00000000000000000000.log`

async function createTopics(machine: MetadataMachine, running: Running, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    await machine.simulation.complete(running.channel.send('CreateTopics', createTopicsRequest(topicOf(`t${index}`))))
    await machine.simulation.run(50)
  }
}

/** A machine that was stopped after five topics, in two lives. */
async function stopped(how: 'clean' | 'kill'): Promise<MetadataMachine> {
  const machine = new MetadataMachine(31)
  await createTopics(machine, await machine.start(), 0, 2)
  machine.node.kill()
  machine.node.restart()
  const running = await machine.start()
  await createTopics(machine, running, 2, 5)
  if (how === 'clean') await machine.stop(running)
  else machine.node.kill()
  return machine
}

/** Positions of the batches of the log. */
function batches(bytes: Uint8Array): { position: number; size: number }[] {
  const cursor = new BatchCursor()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  const found: { position: number; size: number }[] = []
  while (cursor.next()) found.push({ position: cursor.position, size: cursor.size })
  return found
}

function topicCount(running: Running): number {
  return running.controller.image.topics.size
}

for (const how of ['clean', 'kill'] as const) {
  t.test(`wherever a bit of the log flips: no start without a topic (${how})`, async (t) => {
    const log = (await stopped(how)).node.disk.bytes(LOG)
    const last = batches(log).at(-1)!.position
    let refusals = 0
    const header = Array.from({ length: 61 }, (_, index) => last + index)
    const others = Array.from({ length: Math.floor(last / 29) }, (_, index) => index * 29)
    for (const position of [...others, ...header, log.length - 1]) {
      const machine = await stopped(how)
      machine.node.disk.flipBit(LOG, position, position % 8)
      const before = machine.node.disk.bytes(LOG)
      machine.node.restart()
      try {
        const count = topicCount(machine.open(how === 'clean'))
        t.equal(count, 5, `flipped at ${position}`)
      } catch (error) {
        if (!(error instanceof StorageFault)) throw error
        refusals++
        t.match(
          error.message,
          /^\S+00\.log is damaged: .* restore the file from a copy, or .*truncate -s \d+ \S+\.log$/,
        )
        t.same(machine.node.disk.bytes(LOG), before, 'nothing is cut')
      }
    }
    t.ok(refusals > 10, `${refusals} refusals`)
  })
}

t.test('what a refused start advises makes the next one possible', async (t) => {
  const machine = await stopped('kill')
  const { position } = batches(machine.node.disk.bytes(LOG)).at(-2)!
  machine.node.disk.flipBit(LOG, position + 70, 1)
  const { disk } = machine.node.restart()
  t.throws(() => machine.open(), StorageFault)
  const file = disk.open(LOG, 'write')
  file.truncate(position)
  file.close()
  t.equal(topicCount(machine.open()), 3)
})

t.test('a tail that a crash has torn is cut, also when the disk wrote its second half first', async (t) => {
  const torn = await stopped('kill')
  const bytes = torn.node.disk.bytes(LOG)
  const { disk } = torn.node.restart()
  const last = batches(bytes).at(-1)!
  let file = disk.open(LOG, 'write')
  file.truncate(last.position + last.size - 5)
  file.close()
  t.equal(topicCount(torn.open()), 4)

  const holed = await stopped('kill')
  file = holed.node.restart().disk.open(LOG, 'write')
  const [first, second] = batches(bytes).slice(-2)
  const sectorEnd = Math.ceil(first!.position / 512) * 512
  t.ok(sectorEnd < second!.position, `${first!.position} ${second!.position}`)
  file.writeSync([new Uint8Array(sectorEnd - first!.position)], first!.position)
  file.close()
  t.equal(topicCount(holed.open()), 3)
})

t.test('a hole in what an earlier life had left is damage', async (t) => {
  const machine = await stopped('kill')
  const { position } = batches(machine.node.disk.bytes(LOG))[1]!
  const file = machine.node.restart().disk.open(LOG, 'write')
  file.writeSync([new Uint8Array(512 - position)], position)
  file.close()
  t.throws(() => machine.open(), StorageFault)
})

t.test('a damaged quorum-state is named, and can be removed', async (t) => {
  const machine = await stopped('clean')
  const { disk } = machine.node.restart()
  const file = disk.open(`${DIRECTORY}/quorum-state`, 'write')
  file.truncate(7)
  file.close()
  t.throws(() => machine.open(true), { name: 'StorageFault', message: /quorum-state is damaged: .*remove it/ })
  disk.remove(`${DIRECTORY}/quorum-state`)
  const running = machine.open(true)
  t.equal(topicCount(running), 5)
  t.equal(running.quorum.leaderEpoch, 3)
})

t.test('the directory of one of several voters is not served alone, and is left as it is', async (t) => {
  const machine = new MetadataMachine(31)
  const { quorum } = await machine.start()
  const [voter] = quorum.voters.voters
  const voters = [1, 2, 3].map((voterId) => ({ ...voter!, voterId }))
  const records = voterRecords({ kraftVersion: 1, voters })
  const batch = buildBatch({ baseOffset: quorum.logEndOffset, leaderEpoch: 1, timestamp: 0, control: true, records })
  machine.node.kill()
  const { disk } = machine.node.restart()
  const file = disk.open(LOG, 'write')
  file.writeSync([batch], file.size())
  file.close()
  const state = machine.node.disk.bytes(`${DIRECTORY}/quorum-state`)
  t.throws(() => machine.open(), { name: 'StorageFault', message: /quorum of nodes 1, 2, 3, .*kafka-metadata-quorum/ })
  t.same(machine.node.disk.bytes(`${DIRECTORY}/quorum-state`), state)
})

t.test('segments that the older of two snapshots holds are deleted, also over crashes', async (t) => {
  const machine = new MetadataMachine(32, { 'metadata.log.max.record.bytes.between.snapshots': '600' })
  const segments = () => machine.node.host.disk.list(DIRECTORY).filter(({ name }) => name.endsWith('.log')).length
  let count = 0
  for (let life = 0; life < 8; life++) {
    const running = await machine.start()
    await createTopics(machine, running, count, count + 8)
    count += 8
    t.ok(segments() <= 4, `${segments()} segments`)
    if (life === 2) {
      await machine.simulation.run(120_000)
      t.same(
        machine.node.host.disk.list(DIRECTORY).filter(({ name }) => name.endsWith('.deleted')),
        [],
      )
    }
    if (life % 2 === 0) machine.node.crash()
    else machine.node.kill()
    machine.node.restart()
  }
  const running = await machine.start()
  t.equal(topicCount(running), count)
  t.ok(running.quorum.logStartOffset > 0)
})
