// The name that a misspelt one was most likely meant to be.

/** Edits (insertion, deletion, substitution, swap of neighbours) that turn one text into the other. */
function distance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1))
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped) least = Math.min(least, beforeLast[column - 2]! + 1)
      current.push(least)
    }
    beforeLast = last
    last = current
  }
  return last[right.length]!
}

/** undefined: no name is near enough to be a misspelling of it. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  // A fifth of the letters, and at least two, is where typing ends and guessing begins.
  let least = Math.max(2, Math.floor(name.length / 5)) + 1
  let nearest: string | undefined
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= least) continue
    const edits = distance(name, candidate)
    if (edits < least) {
      least = edits
      nearest = candidate
    }
  }
  return nearest
}
