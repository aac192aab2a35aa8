;; Sums of weighted rows of small integers, sixteen columns at a time (WebAssembly SIMD).
;; rows.wasm is made of this file: test/models/static-rows.test.ts says how, and that it is.
(module
  (memory (import "its" "memory") 1)

  ;; sums[column] += factors[k] * cells[rows[k] * dimensions + column], for each column and each k < count.
  ;; Addresses in bytes: rows of i32, factors and sums of f32, cells of i8. Dimensions are a multiple of 16.
  (func (export "add")
    (param $rows i32) (param $factors i32) (param $count i32)
    (param $cells i32) (param $dimensions i32) (param $sums i32)
    (local $column i32) (local $k i32) (local $out i32)
    (local $bytes v128) (local $half v128) (local $factor v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $columns
      (local.set $out (i32.add (local.get $sums) (i32.shl (local.get $column) (i32.const 2))))
      (local.set $a (v128.load (local.get $out)))
      (local.set $b (v128.load offset=16 (local.get $out)))
      (local.set $c (v128.load offset=32 (local.get $out)))
      (local.set $d (v128.load offset=48 (local.get $out)))
      (local.set $k (i32.const 0))
      (block $none
        (br_if $none (i32.eqz (local.get $count)))
        (loop $each
          (local.set $factor
            (v128.load32_splat (i32.add (local.get $factors) (i32.shl (local.get $k) (i32.const 2)))))
          (local.set $bytes
            (v128.load
              (i32.add
                (i32.add (local.get $cells) (local.get $column))
                (i32.mul
                  (i32.load (i32.add (local.get $rows) (i32.shl (local.get $k) (i32.const 2))))
                  (local.get $dimensions)))))
          (local.set $half (i16x8.extend_low_i8x16_s (local.get $bytes)))
          (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $factor)
            (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $half))))))
          (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $factor)
            (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $half))))))
          (local.set $half (i16x8.extend_high_i8x16_s (local.get $bytes)))
          (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $factor)
            (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $half))))))
          (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $factor)
            (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $half))))))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $each (i32.lt_u (local.get $k) (local.get $count)))))
      (v128.store (local.get $out) (local.get $a))
      (v128.store offset=16 (local.get $out) (local.get $b))
      (v128.store offset=32 (local.get $out) (local.get $c))
      (v128.store offset=48 (local.get $out) (local.get $d))
      (local.set $column (i32.add (local.get $column) (i32.const 16)))
      (br_if $columns (i32.lt_u (local.get $column) (local.get $dimensions))))))
