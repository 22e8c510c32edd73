// What we use of idiomorph, which ships no types: making one tree like another and keeping what stays.
declare module "idiomorph/dist/idiomorph.esm.js" {
  interface Callbacks {
    beforeNodeMorphed?: (old: Node, fresh: Node) => boolean;
    beforeAttributeUpdated?: (name: string, node: Element, change: "update" | "remove") => boolean;
  }
  export const Idiomorph: { morph(old: Element, fresh: Element, options: { ignoreActiveValue: boolean; callbacks: Callbacks }): void };
}
