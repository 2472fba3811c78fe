//! The fault table: tests each row of `table.md` with the real program, and fails where the table is wrong.
//!
//! A row without a test fails, and so does a test without a row.

mod aid;
mod bytes;
mod circumstances;
mod dns;
mod story;
mod table;

macro_rules! rows {
    ($($row:ident)+) => {
        const ROWS: &[&str] = &[$(stringify!($row)),+];
        $(#[test]
        fn $row() {
            story::check_row(stringify!($row));
        })+
    };
}

rows! {
    unreachable no_route refused closed_before_tls
    black_hole_syn black_hole_hello black_hole_request black_hole_answer black_hole_half slow_drip
    cut_before_answer reset_before_answer cut_at_every_byte reset_at_every_byte
    body_of_1_gb body_without_end chunks_without_end chunk_size_without_end chunk_extension_without_end
    trailers_without_end headers_without_end headers_of_few_bytes header_without_end status_line_without_end
    continue_without_end
    chunk_size_no_number chunk_size_over_64_bits two_lengths length_negative length_over_64_bits
    length_and_chunks not_http http_0_9
    redirect_to_http redirect_to_itself portal_page portal_page_good_first portal_word
    certificate_expired certificate_of_tomorrow certificate_self_signed certificate_wrong_name
    certificate_wrong_authority not_tls tls_1_0_only tls_downgrade tls_stripped
    dns_never dns_unknown_name dns_server_failure dns_no_address dns_garbage dns_forged dns_wrong_server
    dns_sinkhole dns_changes dns_one_address_dead
    clock_in_1970 clock_in_2100 clock_jumps_ahead clock_jumps_back clock_set_meanwhile
    bundle_missing bundle_empty bundle_garbage bundle_of_10_mb bundle_of_10_mb_garbage
}

#[test]
fn every_row_has_a_test_and_every_test_a_row() {
    let rows: Vec<String> = table::rows().into_iter().map(|row| row.name).collect();
    assert_eq!(rows, ROWS);
    crate::common::say(&format!("counted: fault table: {} rows, each with a test", rows.len()));
}
