/** Works on several things at a time, so that a registry is asked by no more than that many requests. The first failure is thrown. */
export async function sixAtOnce<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: 6 }, async () => { for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item); }));
}
