import t from 'tap'
import { partsOf, shares } from '../../bench/profile.ts'

t.test('self time goes to the category of the function on top of the stack', async (t) => {
  const frames: [string, string][] = [
    ['(idle)', ''],
    ['writev', ''],
    ['writeBuffers', ''],
    ['append', 'file:///x/storage/log.ts'],
    ['onread', 'node:internal/stream_base_commons'],
  ]
  const nodes = frames.map(([functionName, url], id) => ({ id, callFrame: { functionName, url } }))
  const found = shares({ nodes, samples: [0, 1, 1, 2, 3, 4], timeDeltas: [9e6, 1e6, 1e6, 3e6, 5e5, 25e4] })
  t.same(found, { 'write to sockets': 2, 'write to files': 3, storage: 0.5, 'Node’s own JavaScript': 0.25 })
})

t.test('what the thread used beyond its samples is receiving; other threads stand beside it', async (t) => {
  const nodes = [
    { id: 1, callFrame: { functionName: 'writev', url: '' } },
    { id: 2, callFrame: { functionName: 'crc32c', url: 'file:///x/protocol/records/crc32c.ts' } },
  ]
  const profile = { nodes, samples: [1, 2], timeDeltas: [3e6, 1e6] }
  t.same(partsOf(profile, { MainThread: 5, 'libuv-worker': 3 }, 10), {
    'receive, poll': 0.1,
    'write to sockets': 0.3,
    checksums: 0.1,
    'libuv’s threads: files': 0.3,
  })
  const contended = { 'receive, poll': 0, 'write to sockets': 0.15, checksums: 0.05, 'other threads': 0.3 }
  t.same(partsOf(profile, { MainThread: 2, unheardOf: 3 }, 10), contended)
})
