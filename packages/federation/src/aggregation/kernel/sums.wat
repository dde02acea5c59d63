;; The two loops of PF6 and UP3 over millions of numbers, four positions at a time. Pointers are byte addresses.
;; `npx tsx test/compile-kernel.ts` in packages/federation writes what this compiles to into sums-wasm.ts.
;;
;; The memory starts with two tables, by the four bits of a quad's mask:
;;   at   0: 16 × i8x16, which bytes of the next packed values go to which position; 0x80 gives a zero
;;   at 256: 16 × i32x4, all ones where the mask keeps a position
(module
  (memory (import "sums" "memory") 1)

  ;; Folds one submission's block into Σ w·m⊙Δ (f64) and Σ w·m (u32): the same sums, to the bit, as position by position.
  ;; A position that is not kept gets +0 added, which changes no sum that started at +0.
  ;; @returns where the packed values go on behind the block
  (func (export "fold")
    (param $mask i32) (param $maskEnd i32) (param $values i32) (param $sums i32) (param $weights i32) (param $weight i32)
    (result i32)
    (local $byte i32) (local $quad i32) (local $x v128) (local $ws v128) (local $wi v128)
    (local.set $ws (f64x2.splat (f64.convert_i32_u (local.get $weight))))
    (local.set $wi (i32x4.splat (local.get $weight)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $mask) (local.get $maskEnd)))
        (local.set $byte (i32.load8_u (local.get $mask)))
        (if (local.get $byte) (then
          ;; The four lower positions.
          (local.set $quad (i32.shl (i32.and (local.get $byte) (i32.const 15)) (i32.const 4)))
          (local.set $x (i8x16.swizzle (v128.load align=4 (local.get $values)) (v128.load (local.get $quad))))
          (local.set $values (i32.add (local.get $values) (i32.shl (i32.popcnt (local.get $quad)) (i32.const 2))))
          (v128.store (local.get $sums) (f64x2.add (v128.load (local.get $sums))
            (f64x2.mul (local.get $ws) (f64x2.promote_low_f32x4 (local.get $x)))))
          (v128.store offset=16 (local.get $sums) (f64x2.add (v128.load offset=16 (local.get $sums))
            (f64x2.mul (local.get $ws) (f64x2.promote_low_f32x4
              (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $x) (local.get $x))))))
          (v128.store (local.get $weights) (i32x4.add (v128.load (local.get $weights))
            (v128.and (local.get $wi) (v128.load offset=256 (local.get $quad)))))
          ;; The four upper ones.
          (local.set $quad (i32.and (local.get $byte) (i32.const 0xf0)))
          (local.set $x (i8x16.swizzle (v128.load align=4 (local.get $values)) (v128.load (local.get $quad))))
          (local.set $values (i32.add (local.get $values) (i32.shl (i32.popcnt (local.get $quad)) (i32.const 2))))
          (v128.store offset=32 (local.get $sums) (f64x2.add (v128.load offset=32 (local.get $sums))
            (f64x2.mul (local.get $ws) (f64x2.promote_low_f32x4 (local.get $x)))))
          (v128.store offset=48 (local.get $sums) (f64x2.add (v128.load offset=48 (local.get $sums))
            (f64x2.mul (local.get $ws) (f64x2.promote_low_f32x4
              (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $x) (local.get $x))))))
          (v128.store offset=16 (local.get $weights) (i32x4.add (v128.load offset=16 (local.get $weights))
            (v128.and (local.get $wi) (v128.load offset=256 (local.get $quad)))))))
        (local.set $sums (i32.add (local.get $sums) (i32.const 64)))
        (local.set $weights (i32.add (local.get $weights) (i32.const 32)))
        (local.set $mask (i32.add (local.get $mask) (i32.const 1)))
        (br $next)))
    (local.get $values))

  ;; Σ x² in eight lanes of f64 over a number of values that is a multiple of eight.
  (func (export "squares") (param $values i32) (param $end i32) (result f64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128) (local $x v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $values) (local.get $end)))
        (local.set $x (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $values))))
        (local.set $a (f64x2.add (local.get $a) (f64x2.mul (local.get $x) (local.get $x))))
        (local.set $x (f64x2.promote_low_f32x4 (v128.load64_zero offset=8 (local.get $values))))
        (local.set $b (f64x2.add (local.get $b) (f64x2.mul (local.get $x) (local.get $x))))
        (local.set $x (f64x2.promote_low_f32x4 (v128.load64_zero offset=16 (local.get $values))))
        (local.set $c (f64x2.add (local.get $c) (f64x2.mul (local.get $x) (local.get $x))))
        (local.set $x (f64x2.promote_low_f32x4 (v128.load64_zero offset=24 (local.get $values))))
        (local.set $d (f64x2.add (local.get $d) (f64x2.mul (local.get $x) (local.get $x))))
        (local.set $values (i32.add (local.get $values) (i32.const 32)))
        (br $next)))
    (local.set $a (f64x2.add (f64x2.add (local.get $a) (local.get $b)) (f64x2.add (local.get $c) (local.get $d))))
    (f64.add (f64x2.extract_lane 0 (local.get $a)) (f64x2.extract_lane 1 (local.get $a)))))
