// Removal in the background: nothing of it happens in the loop, large files go in steps, and a crash in between brings
// nothing back.

import t from 'tap'
import type { DiskCallback } from '../../../host/disk.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { FileRemovals, type Removal } from '../../../storage/shared/file-removal.ts'

const mebibyte = 1024 * 1024

function setUp(seed: number) {
  const simulation = simulate(seed)
  const node = simulation.node('a', { disk: { writeLatencyMs: [1, 2], syncLatencyMs: [1, 2] } })
  const { disk } = node.host
  const make = (path: string, size: number) => {
    const file = disk.open(path, 'write')
    file.truncate(size)
    file.close()
  }
  disk.makeDirectory('/data/t-0-delete')
  const removals = new FileRemovals(node.host)
  const sizeOf = (path: string) => {
    const file = disk.open(path, 'read')
    file.close()
    return file.size()
  }
  const add = (path: string, more: Partial<Removal> = {}) =>
    removals.add({ path, isDirectory: false, what: 'a file', ...more })
  return { simulation, node, disk, make, add, sizeOf }
}

t.test('a directory goes with all its files, a large one in steps', async (t) => {
  const { simulation, disk, make, add, sizeOf } = setUp(1)
  make('/data/t-0-delete/0.index', 1000)
  make('/data/t-0-delete/0.log', 100 * mebibyte)
  make('/data/other', 1000)
  add('/data/t-0-delete', { isDirectory: true })
  t.ok(disk.exists('/data/t-0-delete/0.index'), 'not in this turn')
  const sizes = new Set<number>()
  for (let ms = 0; ms < 200 && disk.exists('/data/t-0-delete'); ms++) {
    if (disk.exists('/data/t-0-delete/0.log')) sizes.add(sizeOf('/data/t-0-delete/0.log') / mebibyte)
    await simulation.run(1)
  }
  t.notOk(disk.exists('/data/t-0-delete'))
  t.same([...sizes], [100, 84, 68, 52, 36, 20, 4])
  t.ok(disk.exists('/data/other'))
})

t.test('a file is not cut before its last name is durable', async (t) => {
  for (let seed = 2; seed < 30; seed++) {
    const { simulation, node, make, add } = setUp(seed)
    make('/data/0.log', 64 * mebibyte)
    node.host.disk.syncDirectory('/data')
    node.host.disk.syncDirectory('/')
    const file = node.host.disk.open('/data/0.log', 'write')
    file.syncSync()
    file.close()
    node.host.disk.rename('/data/0.log', '/data/0.log.deleted')
    add('/data/0.log.deleted')
    await simulation.run(seed)
    node.crash()
    node.restart()
    const { disk } = node.host
    if (!disk.exists('/data/0.log')) continue
    const found = disk.open('/data/0.log', 'read')
    t.equal(found.size(), 64 * mebibyte, `seed ${seed}`)
    found.close()
  }
})

t.test('one after another; what fails is said, and keeps nothing else', async (t) => {
  const { simulation, node, disk, make, add } = setUp(31)
  const { removeLater } = disk
  let underWay = 0
  let most = 0
  disk.removeLater = (path: string, done: DiskCallback) => {
    most = Math.max(most, ++underWay)
    removeLater.call(disk, path, (error) => {
      underWay--
      done(error)
    })
  }
  node.disk.fault = (operation, path) => {
    if (path.endsWith('a') && operation === 'remove') return 'denied'
    return path.endsWith('b') && operation === 'truncate' ? 'failed' : null
  }
  for (const name of ['a', 'b', 'c']) {
    make(`/data/${name}x`, 40 * mebibyte)
    disk.rename(`/data/${name}x`, `/data/${name}`)
    add(`/data/${name}`)
  }
  add('/data/none')
  add('/data/none', { isDirectory: true })
  await simulation.run(500)
  t.same(
    disk.list('/data').map(({ name }) => name),
    ['a', 't-0-delete'],
  )
  t.equal(most, 1)
  t.equal(node.logger.lines().filter((line) => /a file stays on disk/.test(line)).length, 1)
})

t.test('nothing is touched once it is not wanted any more', async (t) => {
  const { simulation, disk, make, add, sizeOf } = setUp(32)
  let isOpen = true
  make('/data/t-0-delete/0.log', 100 * mebibyte)
  make('/data/t-0-delete/1.log', 1000)
  add('/data/t-0-delete', { isDirectory: true, isWanted: () => isOpen })
  await simulation.run(30)
  isOpen = false
  await simulation.run(5)
  const size = sizeOf('/data/t-0-delete/0.log')
  t.ok(size < 100 * mebibyte)
  await simulation.run(1000)
  t.equal(sizeOf('/data/t-0-delete/0.log'), size)
  t.ok(disk.exists('/data/t-0-delete/1.log'))
})
