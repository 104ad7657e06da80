// The files of this repository as the tidy rules see them.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface SourceFile {
  /** Relative to the repository, with slashes. */
  readonly path: string
  readonly text: string
}

export interface Import {
  /** A path in the repository for a relative import; a package or `node:` module otherwise. */
  readonly target: string
  readonly line: number
}

const folders = ['host', 'protocol', 'storage', 'broker', 'cli', 'bench', 'test', 'docs', 'console']

/** Files of the given endings in the source folders and the root, in order. */
export function files(endings: readonly string[]): SourceFile[] {
  const patterns = endings.flatMap((ending) => [`*.${ending}`, ...folders.map((folder) => `${folder}/**/*.${ending}`)])
  const paths = globSync(patterns, { cwd: root, exclude: ['**/node_modules/**', 'bench/results/**'] })
  return paths
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

export function importsOf(file: SourceFile): Import[] {
  const imports: Import[] = []
  file.text.split('\n').forEach((text, index) => {
    const found =
      /(?:^|[\s;])(?:from|import)\s*\(?\s*'([^']+)'|getBuiltinModule\('([^']+)'\)|require\('([^']+)'\)/.exec(text)
    const name = found?.[1] ?? found?.[2] ?? found?.[3]
    if (name === undefined || /^\s*(\/\/|\*)/.test(text)) return
    const target = name.startsWith('.') ? posix.join(posix.dirname(file.path), name) : name
    imports.push({ target, line: index + 1 })
  })
  return imports
}

/** The text with comments and the insides of strings blanked, line for line: what is left is code. */
export function codeOf(file: SourceFile): string {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g
  return file.text.replaceAll(token, (text) => text.replaceAll(/[^\n'"]/g, ' '))
}

/** Line numbers, from 1, on which the pattern occurs. */
export function linesWith(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []))
}
