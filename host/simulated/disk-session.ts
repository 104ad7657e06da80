// The disk as one simulated process has it.

import type { DirectoryEntry, Disk, DiskCallback, DiskError, DiskFile, DiskLock } from '../disk.ts'
import { Directory, type Node } from './directory.ts'
import { attempted, type DiskOperation, diskError, type Latency, type Medium, type Schedule } from './disk-options.ts'
import { FileContent } from './file.ts'
import { type FileSession, OpenFile } from './open-file.ts'

/** `./data/a` and `/data/a` are the same: a simulated process works in the root. */
function parts(path: string): string[] {
  const names: string[] = []
  for (const name of path.split(/[/\\]/)) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return names
}

export function find(root: Directory, path: string): Node | undefined {
  let node: Node | undefined = root
  for (const name of parts(path)) {
    if (!(node instanceof Directory)) return undefined
    node = node.get(name)
  }
  return node
}

export class Session implements Disk, FileSession {
  readonly #disk: Medium
  readonly #root: Directory
  readonly #schedule: Schedule
  readonly #locks = new Set<string>()
  readonly #openCounts = new Map<FileContent, number>()
  readonly #writesUnderWay = new Set<() => void>()
  #hasEnded = false

  constructor(disk: Medium, root: Directory, schedule: Schedule) {
    this.#disk = disk
    this.#root = root
    this.#schedule = schedule
  }

  /** Writes that were under way have happened wholly, in part, or not. */
  end(): void {
    for (const interrupt of this.#writesUnderWay) interrupt()
    this.#hasEnded = true
  }

  open(path: string, mode: 'read' | 'write'): DiskFile {
    this.check('open', path)
    const node = find(this.#root, path)
    if (node instanceof Directory) throw diskError('denied', path)
    if (node !== undefined) return this.#file(path, node)
    const { directory, name } = this.#parent(path)
    if (mode === 'read') throw diskError('missing', path)
    const content = new FileContent()
    directory.set(name, content)
    return this.#file(path, content)
  }

  exists(path: string): boolean {
    this.check(null, path)
    return find(this.#root, path) !== undefined
  }

  makeDirectory(path: string): void {
    this.check('makeDirectory', path)
    let directory = this.#root
    for (const name of parts(path)) {
      let child = directory.get(name)
      if (child instanceof FileContent) throw diskError('exists', path)
      if (child === undefined) {
        child = new Directory()
        directory.set(name, child)
      }
      directory = child
    }
  }

  list(path: string): DirectoryEntry[] {
    this.check(null, path)
    const directory = this.#directory(path)
    return directory.names().map((name) => ({ name, isDirectory: directory.get(name) instanceof Directory }))
  }

  rename(from: string, to: string): void {
    this.check('rename', from)
    const source = this.#parent(from)
    const target = this.#parent(to)
    const node = source.directory.get(source.name)
    if (node === undefined) throw diskError('missing', from)
    const replaced = target.directory.get(target.name)
    this.#checkNotOpen(from, node)
    if (replaced === node) return
    if (replaced !== undefined) {
      this.#checkNotOpen(to, replaced)
      if (replaced instanceof Directory !== node instanceof Directory) throw diskError('denied', to)
      if (replaced instanceof Directory) {
        if (replaced.names().length > 0) throw diskError('exists', to)
      } else this.#disk.grow(-replaced.allocatedSize)
    }
    source.directory.move(source.name, target.directory, target.name)
  }

  remove(path: string): void {
    this.check('remove', path)
    const node = find(this.#root, path)
    if (node === undefined) return
    if (node instanceof Directory) throw diskError('denied', path)
    this.#checkNotOpen(path, node)
    const { directory, name } = this.#parent(path)
    directory.delete(name)
    this.#disk.grow(-node.allocatedSize)
  }

  removeLater(path: string, done: DiskCallback): void {
    this.later(this.#disk.options.writeLatencyMs, () => done(attempted(() => this.remove(path))))
  }

  removeDirectory(path: string): void {
    this.check('remove', path)
    const node = find(this.#root, path)
    if (node === undefined) return
    if (node instanceof Directory) {
      for (const name of node.names()) {
        const child = `${path}/${name}`
        if (node.get(name) instanceof Directory) this.removeDirectory(child)
        else this.remove(child)
      }
      const { directory, name } = this.#parent(path)
      directory.delete(name)
    } else this.remove(path)
  }

  syncDirectory(path: string): void {
    this.check('sync', path)
    this.#directory(path).sync()
  }

  syncDirectoryLater(path: string, done: DiskCallback): void {
    const node = find(this.#root, path)
    const complete = node instanceof Directory ? node.beginSync() : null
    this.later(this.#disk.options.syncLatencyMs, () => {
      const error = complete === null ? diskError('missing', path) : this.attempt('sync', path)
      if (error === null) complete?.()
      done(error)
    })
  }

  space(path: string): { freeSize: number; totalSize: number } {
    this.check(null, path)
    return { freeSize: this.#disk.freeSize(), totalSize: this.#disk.options.capacity ?? Number.MAX_SAFE_INTEGER }
  }

  lock(path: string): DiskLock {
    this.check('open', path)
    const key = parts(path).join('/')
    if (this.#locks.has(key)) throw diskError('locked', path)
    if (!this.exists(path)) this.open(path, 'write').close()
    this.#locks.add(key)
    return { release: () => this.#locks.delete(key) }
  }

  check(operation: DiskOperation | null, path: string): void {
    if (this.#hasEnded) throw new Error(`${path}: used by a process that has ended`)
    const reason = operation === null ? null : (this.#disk.fault?.(operation, path) ?? null)
    if (reason !== null) throw diskError(reason, path)
  }

  attempt(operation: DiskOperation, path: string): DiskError | null {
    return attempted(() => this.check(operation, path))
  }

  later(latency: Latency | undefined, run: () => void): void {
    const [low, high] = latency ?? [0, 0]
    this.#schedule(low + (high - low) * this.#disk.random.fraction(), run)
  }

  get disk(): Medium {
    return this.#disk
  }

  track(interrupt: () => void): () => void {
    this.#writesUnderWay.add(interrupt)
    return () => this.#writesUnderWay.delete(interrupt)
  }

  #file(path: string, content: FileContent): DiskFile {
    this.#openCounts.set(content, (this.#openCounts.get(content) ?? 0) + 1)
    return new OpenFile(path, this, content, () => {
      const count = (this.#openCounts.get(content) ?? 0) - 1
      if (count > 0) this.#openCounts.set(content, count)
      else this.#openCounts.delete(content)
    })
  }

  #directory(path: string): Directory {
    const node = find(this.#root, path)
    if (!(node instanceof Directory)) throw diskError('missing', path)
    return node
  }

  #parent(path: string): { directory: Directory; name: string } {
    const names = parts(path)
    const name = names.pop()
    if (name === undefined) throw diskError('denied', path)
    return { directory: this.#directory(names.join('/')), name }
  }

  #checkNotOpen(path: string, node: Node): void {
    if (node instanceof FileContent) {
      if (this.#openCounts.has(node)) throw new Error(`${path} is renamed or removed while it is open`)
    } else {
      for (const name of node.names()) this.#checkNotOpen(`${path}/${name}`, node.get(name)!)
    }
  }
}
