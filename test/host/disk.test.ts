// One suite for every Disk, then what only a simulated one can show.

import t from 'tap'
import { DiskError, type DiskFile } from '../../host/disk.ts'
import { RealDisk } from '../../host/real/disk.ts'
import { SimulatedDisk } from '../../host/simulated/disk.ts'
import { SeededRandom } from '../../host/simulated/random.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { seed, subjects } from './implementations.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (content: Uint8Array) => new TextDecoder().decode(content)

function readAll(file: DiskFile): string {
  const target = new Uint8Array(file.size())
  file.readSync(target, 0)
  return text(target)
}

function write(file: DiskFile, chunks: Uint8Array[], position: number): Promise<DiskError | null> {
  return new Promise((resolve) => {
    file.write(chunks, position, resolve)
  })
}

function reasonOf(call: () => unknown): string {
  try {
    call()
    return 'nothing thrown'
  } catch (error) {
    return error instanceof DiskError ? error.reason : String(error)
  }
}

for (const subject of subjects(t)) {
  const { host, directory, complete } = subject
  const { disk } = host
  t.test(`disk, ${subject.name}`, async (t) => {
    t.test('writes chunks in order, at a position, and reads up to the end', async (t) => {
      const file = disk.open(`${directory}/a`, 'write')
      t.equal(file.size(), 0)
      file.writeSync([bytes('hello'), bytes(''), bytes(' world')], 0)
      t.equal(file.size(), 11)
      file.writeSync([bytes('W')], 6)
      t.equal(readAll(file), 'hello World')
      const target = new Uint8Array(20)
      t.equal(file.readSync(target, 6), 5)
      t.equal(text(target.subarray(0, 5)), 'World')
      t.equal(file.readSync(target, 11), 0)
      t.equal(file.readSync(target, 100), 0)
      file.close()
      file.close()
      const again = disk.open(`${directory}/a`, 'read')
      t.equal(again.size(), 11)
      again.close()
    })

    t.test('a write with a callback never calls back inside the call', async (t) => {
      const file = disk.open(`${directory}/b`, 'write')
      let returned = false
      const written = new Promise<boolean>((resolve) => {
        file.write([bytes('abc'), bytes('def')], 0, (error) => {
          t.equal(error, null)
          resolve(returned)
        })
      })
      returned = true
      t.equal(await complete(written), true)
      t.equal(readAll(file), 'abcdef')
      t.equal(await complete(write(file, [], 6)), null, 'nothing to write')
      const target = new Uint8Array(10)
      const readSize = new Promise<number>((resolve, reject) => {
        file.read(target, 2, (error, size) => (error === null ? resolve(size) : reject(error)))
      })
      t.equal(await complete(readSize), 4)
      t.equal(text(target.subarray(0, 4)), 'cdef')
      const synced = new Promise((resolve) => {
        file.sync(resolve)
      })
      t.equal(await complete(synced), null)
      file.syncSync()
      file.close()
    })

    t.test('more chunks than one system call takes are written whole', async (t) => {
      const file = disk.open(`${directory}/many`, 'write')
      const chunks = Array.from({ length: 2500 }, (_, index) => bytes(`${index % 10}`))
      file.writeSync(chunks, 0)
      t.equal(await complete(write(file, chunks, 2500)), null)
      t.equal(readAll(file), '0123456789'.repeat(500))
      file.close()
    })

    t.test('closed while a write is under way, the file has it all the same', async (t) => {
      const file = disk.open(`${directory}/closing`, 'write')
      const written = write(file, [bytes('late')], 0)
      file.close()
      t.equal(await complete(written), null)
      const again = disk.open(`${directory}/closing`, 'read')
      t.equal(readAll(again), 'late')
      again.close()
    })

    t.test('truncate cuts, and extends with zeros', async (t) => {
      const file = disk.open(`${directory}/c`, 'write')
      file.writeSync([bytes('abcdef')], 0)
      file.truncate(3)
      t.equal(file.size(), 3)
      file.truncate(5)
      t.equal(readAll(file), 'abc\0\0')
      file.writeSync([bytes('x')], 7)
      t.equal(readAll(file), 'abc\0\0\0\0x')
      t.equal(await complete(new Promise((resolve) => file.truncateLater(2, resolve))), null)
      t.equal(file.size(), 2)
      t.equal(readAll(file), 'ab')
      file.close()
    })

    t.test('directories are made with their parents, listed in order, renamed and removed', async (t) => {
      disk.makeDirectory(`${directory}/p/q`)
      disk.makeDirectory(`${directory}/p/q`)
      for (const name of ['b', 'a']) disk.open(`${directory}/p/${name}`, 'write').close()
      t.same(disk.list(`${directory}/p`), [
        { name: 'a', isDirectory: false },
        { name: 'b', isDirectory: false },
        { name: 'q', isDirectory: true },
      ])
      disk.rename(`${directory}/p/a`, `${directory}/p/b`)
      disk.rename(`${directory}/p/q`, `${directory}/p/r`)
      t.same(
        disk.list(`${directory}/p`).map((entry) => entry.name),
        ['b', 'r'],
      )
      disk.syncDirectory(`${directory}/p`)
      let isLater = false
      const synced = new Promise<unknown>((resolve) => {
        disk.syncDirectoryLater(`${directory}/p`, (error) => resolve([error, isLater]))
      })
      isLater = true
      t.same(await subject.complete(synced), [null, true])
      const failed = new Promise<unknown>((resolve) => disk.syncDirectoryLater(`${directory}/none`, resolve))
      t.match(await subject.complete(failed), { reason: 'missing' })
      disk.rename(`${directory}/p`, `${directory}/s`)
      t.ok(disk.exists(`${directory}/s/b`))
      disk.remove(`${directory}/s/b`)
      disk.remove(`${directory}/s/b`)
      const removed = (name: string) =>
        subject.complete(
          new Promise<unknown>((resolve) => disk.removeLater(`${directory}/s/${name}`, (error) => resolve(error))),
        )
      disk.open(`${directory}/s/c`, 'write').close()
      t.equal(await removed('c'), null)
      t.equal(await removed('c'), null, 'as one that is missing')
      t.notOk(disk.exists(`${directory}/s/c`))
      t.match(await removed('r'), { name: 'DiskError' })
      disk.removeDirectory(`${directory}/s`)
      disk.removeDirectory(`${directory}/s`)
      t.notOk(disk.exists(`${directory}/s`))
    })

    t.test('errors tell their reason and path', async (t) => {
      t.equal(
        reasonOf(() => disk.open(`${directory}/none`, 'read')),
        'missing',
      )
      t.equal(
        reasonOf(() => disk.open(`${directory}/no/ne`, 'write')),
        'missing',
      )
      t.equal(
        reasonOf(() => disk.list(`${directory}/none`)),
        'missing',
      )
      t.equal(
        reasonOf(() => disk.rename(`${directory}/none`, `${directory}/some`)),
        'missing',
      )
      disk.makeDirectory(`${directory}/full/x`)
      disk.makeDirectory(`${directory}/other`)
      t.equal(
        reasonOf(() => disk.rename(`${directory}/other`, `${directory}/full`)),
        'exists',
      )
      t.throws(() => disk.open(`${directory}/none`, 'read'), { path: `${directory}/none`, name: 'DiskError' })
    })

    t.test('a lock is held once', async (t) => {
      const lock = disk.lock(`${directory}/.lock`)
      t.equal(
        reasonOf(() => disk.lock(`${directory}/.lock`)),
        'locked',
      )
      t.throws(() => disk.lock(`${directory}/.lock`), { message: /pid \d+/ })
      lock.release()
      lock.release()
      disk.lock(`${directory}/.lock`).release()
      t.ok(disk.exists(`${directory}/.lock`), 'the file stays, as with Kafka')
    })

    t.test('tells its space', async (t) => {
      const { freeSize, totalSize } = disk.space(directory)
      t.ok(freeSize > 0 && totalSize >= freeSize, `${freeSize} of ${totalSize}`)
    })
  })
}

t.test('after a crash', async (t) => {
  const first = seed
  t.test('what was synced is there, what was not may be, sector by sector', async (t) => {
    const seen = new Set<string>()
    for (let seed = first; seed < first + 200; seed++) {
      const disk = new SimulatedDisk(new SeededRandom(seed))
      const session = disk.session(() => {})
      const file = session.open('/f', 'write')
      session.syncDirectory('/')
      file.writeSync([new Uint8Array(5000).fill(1)], 0)
      file.syncSync()
      file.writeSync([new Uint8Array(3000).fill(2)], 5000)
      disk.crash()
      const content = disk.bytes('/f')
      t.ok(content.length >= 5000 && content.length <= 8000, `seed ${seed}: size ${content.length}`)
      t.ok(
        content.subarray(0, 5000).every((byte) => byte === 1),
        `seed ${seed}: synced bytes`,
      )
      const tail = content.subarray(5000)
      const lost = tail.filter((byte) => byte === 0).length
      seen.add(tail.length === 0 ? 'nothing' : lost === 0 ? (tail.length === 3000 ? 'all' : 'a part') : 'with holes')
    }
    t.same([...seen].sort(), ['a part', 'all', 'nothing', 'with holes'])
  })

  t.test('a sync covers what was written before it began, not after', async (t) => {
    let lost = 0
    for (let seed = first; seed < first + 50; seed++) {
      const simulation = simulate(seed)
      const node = simulation.node('a')
      const file = node.host.disk.open('/data/f', 'write')
      node.host.disk.syncDirectory('/data')
      file.writeSync([bytes('before')], 0)
      let isDone = false
      file.sync(() => {
        isDone = true
      })
      file.writeSync([bytes(' after')], 6)
      await simulation.runUntil(() => isDone)
      node.crash()
      const content = text(node.disk.bytes('/data/f'))
      t.ok(content.startsWith('before'), `seed ${seed}: ${content}`)
      if (!content.endsWith('after')) lost++
    }
    t.ok(lost > 0, 'and the rest is lost at times')
  })

  t.test('names that were not synced may be lost, in order, and their files with them', async (t) => {
    const seen = new Set<string>()
    for (let seed = first; seed < first + 100; seed++) {
      const disk = new SimulatedDisk(new SeededRandom(seed))
      const session = disk.session(() => {})
      const old = session.open('/old', 'write')
      old.writeSync([bytes('old')], 0)
      old.syncSync()
      old.close()
      session.syncDirectory('/')
      const fresh = session.open('/fresh', 'write')
      fresh.writeSync([bytes('fresh')], 0)
      fresh.syncSync()
      fresh.close()
      session.rename('/fresh', '/old')
      disk.crash()
      const names = disk.session(() => {}).list('/')
      seen.add(names.map(({ name }) => `${name}=${text(disk.bytes(`/${name}`))}`).join(' '))
    }
    t.same([...seen].sort(), ['fresh=fresh old=old', 'old=fresh', 'old=old'])
  })

  t.test('a sync of a directory covers the names there were when it began, not later ones', async (t) => {
    let lost = 0
    for (let seed = first; seed < first + 50; seed++) {
      const simulation = simulate(seed)
      const node = simulation.node('a')
      const { disk } = node.host
      disk.open('/data/before', 'write').close()
      let isDone = false
      disk.syncDirectoryLater('/data', () => {
        isDone = true
      })
      disk.open('/data/after', 'write').close()
      await simulation.runUntil(() => isDone)
      node.crash()
      const after = node.restart().disk
      t.ok(after.exists('/data/before'), `seed ${seed}`)
      if (!after.exists('/data/after')) lost++
    }
    t.ok(lost > 0)
  })

  t.test('the callbacks of the process that was never come, and its lock is free', async (t) => {
    const simulation = simulate(first)
    const node = simulation.node('a')
    const { host } = node
    const file = host.disk.open('/data/f', 'write')
    host.disk.lock('/data/.lock')
    file.write([bytes('x')], 0, () => t.fail('written after the end'))
    file.sync(() => t.fail('synced after the end'))
    host.timers.after(1, () => t.fail('a timer after the end'))
    host.timers.endOfTurn(() => t.fail('a turn after the end'))
    node.crash()
    const again = node.restart()
    await simulation.run(100)
    t.throws(() => file.size() + host.disk.list('/data').length, /has ended/)
    again.disk.lock('/data/.lock').release()
  })

  t.test('kill -9 loses nothing that was written', async (t) => {
    const simulation = simulate(first)
    const node = simulation.node('a')
    node.host.disk.open('/data/f', 'write').writeSync([bytes('kept')], 0)
    node.kill()
    t.equal(text(node.disk.bytes('/data/f')), 'kept')
  })
})

t.test('on demand', async (t) => {
  t.test('the disk is full: a write fails after what fitted', async (t) => {
    const disk = new SimulatedDisk(new SeededRandom(seed), { capacity: 8192 })
    const session = disk.session(() => {})
    const file = session.open('/f', 'write')
    file.writeSync([new Uint8Array(8000)], 0)
    t.equal(
      reasonOf(() => file.writeSync([new Uint8Array(1000)], 8000)),
      'full',
    )
    t.equal(file.size(), 8192)
    file.truncate(100)
    file.writeSync([new Uint8Array(1000)], 100)
    file.close()
    session.remove('/f')
    t.equal(session.space('/').freeSize, 8192)
  })

  t.test('calls fail with the injected reason', async (t) => {
    const disk = new SimulatedDisk(new SeededRandom(seed))
    const session = disk.session(() => {})
    const file = session.open('/f', 'write')
    disk.fault = (operation, path) => (operation === 'sync' && path === '/f' ? 'failed' : null)
    file.writeSync([bytes('x')], 0)
    t.equal(
      reasonOf(() => file.syncSync()),
      'failed',
    )
    disk.fault = null
    file.syncSync()
    session.syncDirectory('/')
    disk.crash()
    t.equal(disk.bytes('/f').filter((byte) => byte !== 0).length, 0, 'no later sync makes up for it')
  })

  t.test('a bit flips', async (t) => {
    const disk = new SimulatedDisk(new SeededRandom(seed))
    const file = disk.session(() => {}).open('/f', 'write')
    file.writeSync([bytes('a')], 0)
    disk.flipBit('/f', 0, 1)
    t.equal(readAll(file), 'c')
  })

  t.test('an open file is neither renamed nor removed', async (t) => {
    const session = new SimulatedDisk(new SeededRandom(seed)).session(() => {})
    const file = session.open('/f', 'write')
    t.throws(() => session.rename('/f', '/g'), /while it is open/)
    t.throws(() => session.remove('/f'), /while it is open/)
    file.close()
    session.rename('/f', '/g')
  })
})

t.test('a disk agrees with a plain model over random operations', async (t) => {
  const random = new SeededRandom(seed)
  const file = new SimulatedDisk(random.fork()).session(() => {}).open('/f', 'write')
  let model = new Uint8Array(0)
  const resize = (size: number) => {
    const next = new Uint8Array(size)
    next.set(model.subarray(0, size))
    model = next
  }
  for (let round = 0; round < 500; round++) {
    const position = random.below(20_000)
    if (random.chance(0.2)) {
      file.truncate(position)
      resize(position)
    } else if (random.chance(0.1)) file.syncSync()
    else {
      const content = random.fill(new Uint8Array(random.below(6000)))
      file.writeSync([content], position)
      if (content.length > 0 && position + content.length > model.length) resize(position + content.length)
      model.set(content, content.length > 0 ? position : 0)
    }
    const content = new Uint8Array(file.size())
    file.readSync(content, 0)
    if (Buffer.compare(content, model) !== 0) return t.fail(`seed ${seed}, round ${round}`)
  }
  t.pass(`seed ${seed}`)
})

t.test(
  'an error of the operating system is one text, with the path once',
  { skip: process.platform !== 'linux' },
  (t) => {
    const disk = new RealDisk()
    const textOf = (call: () => unknown) => {
      try {
        call()
        return ''
      } catch (error) {
        return error instanceof DiskError ? `${error.reason} ${error.message}` : String(error)
      }
    }
    t.match(
      textOf(() => disk.remove('/proc/version')),
      /^denied \/proc\/version: E(PERM|ACCES): [a-z ]+$/,
    )
    t.match(
      textOf(() => disk.open('/proc/absent', 'read')),
      /^missing \/proc\/absent: ENOENT: no such file or directory$/,
    )
    t.match(
      textOf(() => disk.lock('/sys/.lock')),
      /^(denied|missing) \/sys\/\.lock: E(PERM|ACCES|ROFS|NOENT): [a-z -]+$/,
    )
    t.end()
  },
)
