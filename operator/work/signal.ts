/** Something that happens again and again, told to whoever asked to hear of it. */
export class Signal<T> {
  readonly #handlers: ((value: T) => void)[] = [];

  /** Handlers are called in the order in which they were added. */
  on(handler: (value: T) => void): void {
    this.#handlers.push(handler);
  }

  emit(value: T): void {
    for (const handler of this.#handlers) handler(value);
  }
}
