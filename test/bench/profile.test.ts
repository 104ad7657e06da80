import t from 'tap'
import { shares } from '../../bench/profile.ts'

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
