/** Gathers what callbacks are given, and lets a test wait for the next thing instead of for time. */
export class Collector {
  items = []
  #waiting = []

  add = (item) => {
    this.items.push(item)
    this.#waiting = this.#waiting.filter(({ satisfied, resolve }) => !(satisfied() && (resolve(this.items), true)))
  }

  /** All items, once there are so many. */
  atLeast(count) {
    return this.#until(() => this.items.length >= count)
  }

  /** The first item that satisfies a condition, now or later. */
  async first(condition) {
    await this.#until(() => this.items.some(condition))
    return this.items.find(condition)
  }

  #until(satisfied) {
    return satisfied() ? Promise.resolve(this.items) : new Promise((resolve) => this.#waiting.push({ satisfied, resolve }))
  }
}
