// Snapshots of the metadata log: what a start does without the newest of them, and without the log before it.

import t from 'tap'
import { snapshotFileName } from '../../../broker/controller/snapshot-file.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { contentsOf, createTopicsRequest, MetadataMachine, topicOf } from './harness.ts'

/** Topics t0, t1, … and a snapshot after every few of them. */
async function withSnapshots(seed: number, topicCount: number) {
  const machine = new MetadataMachine(seed, { 'metadata.log.max.record.bytes.between.snapshots': '400' })
  const running = await machine.start()
  for (let index = 0; index < topicCount; index++) {
    await machine.simulation.complete(running.channel.send('CreateTopics', createTopicsRequest(topicOf(`t${index}`))))
    await machine.simulation.run(50)
  }
  return { machine, running }
}

t.test('a damaged snapshot gives way to the one before', async (t) => {
  const { machine, running } = await withSnapshots(22, 12)
  const newest = running.quorum.latestSnapshot!
  await machine.stop(running)
  machine.node.restart()
  const file = machine.node.host.disk.open(`/data/__cluster_metadata-0/${snapshotFileName(newest)}`, 'write')
  file.writeSync([Uint8Array.of(1, 2, 3)], 200)
  file.close()
  const again = machine.open()
  t.ok((again.quorum.latestSnapshot?.endOffset ?? 0) < newest.endOffset)
  t.same(contentsOf(again.controller.image), contentsOf(running.controller.image))
})

t.test('without a sound snapshot of what the log begins with there is no start, and nothing is removed', async (t) => {
  const { machine, running } = await withSnapshots(24, 12)
  t.ok(running.quorum.logStartOffset > 0)
  await machine.stop(running)
  const { disk } = machine.node.restart()
  const directory = '/data/__cluster_metadata-0'
  const names = () => disk.list(directory).flatMap(({ name }) => (name.endsWith('.checkpoint') ? [name] : []))
  const before = names()
  for (const name of before.filter((one) => !one.startsWith('0'.repeat(20)))) {
    const file = disk.open(`${directory}/${name}`, 'write')
    file.writeSync([Uint8Array.of(1, 2, 3)], 200)
    file.close()
  }
  t.throws(() => machine.open(true), {
    name: 'StorageFault',
    message: /no sound snapshot holds what was before; restore/,
  })
  t.same(names(), before)
})

t.test('a log that is cut below its snapshot goes on behind it', async (t) => {
  const { machine, running } = await withSnapshots(23, 8)
  const { endOffset } = running.quorum.latestSnapshot!
  machine.node.kill()
  const { disk } = machine.node.restart()
  const directory = '/data/__cluster_metadata-0'
  const segments = disk.list(directory).filter(({ name }) => /\.(log|index|timeindex)$/.test(name))
  for (const { name } of segments) disk.remove(`${directory}/${name}`)
  const again = await machine.start()
  t.equal(again.quorum.logStartOffset, endOffset)
  t.ok(again.metadata.image.topics.byName('t3') !== undefined)
  const { topics } = await machine.simulation.complete(
    again.channel.send('CreateTopics', createTopicsRequest(topicOf('more'))),
  )
  t.match(topics, [{ errorCode: ErrorCode.NONE }])
})
