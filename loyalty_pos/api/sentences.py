"""The sentence of every error code, in Vietnamese and English.

A sentence says what is wrong and what to do about it, to the person at the till or the one who
connects a POS.  ``{name}`` stands for a fact of the error; a bad value never does.  Invariant:
every code that the product raises has its line here (a test reads the source for them).
"""

# ruff: noqa: E501 - one code, one line

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["vi", "en"]

SENTENCES: dict[str, tuple[str, str]] = {
    # the request itself
    "invalid": (
        "Dữ liệu gửi lên chưa đúng.",
        "The data sent is not valid.",
    ),
    "invalid_json": (
        "Nội dung gửi lên không phải là JSON hợp lệ (UTF-8).",
        "The body is not well-formed JSON (UTF-8).",
    ),
    "key_missing": ("Thiếu tiêu đề Idempotency-Key.", "The Idempotency-Key header is missing."),
    "key_invalid": (
        "Idempotency-Key phải gồm 16–64 ký tự A–Z, a–z, 0–9 và dấu gạch nối.",
        "Idempotency-Key must be 16-64 characters of A-Z, a-z, 0-9 and hyphen.",
    ),
    "key_reused": (
        "Idempotency-Key này đã dùng cho một yêu cầu khác.",
        "This Idempotency-Key was used for another request.",
    ),
    "in_progress": (
        "Yêu cầu này đang được xử lý; hãy gửi lại sau giây lát với cùng khoá.",
        "This request is still running; send it again in a moment with the same key.",
    ),
    "slow_down": (
        "Quá nhiều lần thử; hãy đợi một lát rồi thử lại.",
        "Too many attempts; wait a moment and try again.",
    ),
    "too_large": ("Nội dung gửi lên quá lớn.", "The body is too large."),
    "unsupported_media_type": (
        "Chỉ nhận application/json, không nén.",
        "Only application/json without a content encoding is accepted.",
    ),
    "method_not_allowed": (
        "Địa chỉ này không nhận phương thức đó.",
        "This address does not take that method.",
    ),
    "not_acceptable": (
        "Không có dạng trả lời mà bạn yêu cầu.",
        "The answer cannot be given in the form asked for.",
    ),
    "bad_request": ("Không đọc được yêu cầu.", "The request could not be read."),
    "not_utf8": ("Tệp này không phải là UTF-8.", "The file is not UTF-8."),
    "not_csv": ("Không đọc được tệp này như một tệp CSV.", "The file could not be read as CSV."),
    "line_invalid": (
        "Dòng {row}, cột {column}: trống hoặc không đọc được.",
        "Row {row}, column {column}: empty or not readable.",
    ),
    "lines_file": (
        "Không đọc được tệp; cần tệp .parquet, hoặc .csv UTF-8 có dòng tiêu đề.",
        "The file could not be read; it must be .parquet, or .csv in UTF-8 with a header.",
    ),
    "lines_none": (
        "Không có dòng bán hàng nào của hội viên trước mốc thời gian này.",
        "There is no line of a member's purchase before this time.",
    ),
    "out_file": (
        "Tên tệp kết quả phải kết thúc bằng .parquet hoặc .csv.",
        "The file to write must end in .parquet or .csv.",
    ),
    "out_not_written": (
        "Không ghi được tệp kết quả; hãy xem thư mục và chỗ trống trên đĩa.",
        "The result could not be written; look at the folder and the room on the disk.",
    ),
    "extra_missing": (
        "Cần cài thêm: pip install 'loyalty-pos[{extra}]'.",
        "This needs an extra: pip install 'loyalty-pos[{extra}]'.",
    ),
    "spark_failed": (
        "Spark không khởi động được trên máy này; hãy dùng --engine duckdb.",
        "Spark does not start on this machine; use --engine duckdb.",
    ),
    "columns_missing": ("Tệp này thiếu cột bắt buộc.", "A column that is needed is missing from the file."),
    "payment_card": (
        "Đây có vẻ là thẻ ngân hàng; số thẻ không được đọc hay lưu lại. Hãy quét thẻ thành viên.",
        "This looks like a bank card; it was not read or kept. Please scan the membership card.",
    ),
    # who asks
    "not_signed_in": ("Chưa đăng nhập, hoặc khoá không đúng.", "Not signed in, or the key is not valid."),
    "terminal_revoked": (
        "Khoá của máy bán hàng này đã bị thu hồi; hãy ghép nối lại.",
        "This terminal's key was revoked; pair it again.",
    ),
    "pairing_code_wrong": (
        "Mã ghép nối không đúng, đã dùng hoặc đã hết hạn; hãy xin quản lý một mã mới.",
        "The pairing code is wrong, used or over; ask a manager for a new one.",
    ),
    "terminal_quarantined": (
        "Có hai máy mang danh tính của máy bán hàng này; hãy ghép nối lại trước khi dùng điểm hoặc phiếu ưu đãi.",
        "Two tills bear this terminal's identity; pair it again before points or coupons are spent.",
    ),
    "login_wrong": ("Tên đăng nhập hoặc mật khẩu không đúng.", "The login or the password is not right."),
    "not_allowed": ("Bạn không có quyền làm việc này.", "You are not allowed to do this."),
    "scope_missing": (
        "Máy bán hàng này không được cấp quyền cho việc này.",
        "This terminal's key lacks the scope for this.",
    ),
    "cross_site": (
        "Yêu cầu đến từ một trang khác nên bị từ chối.",
        "The request came from another site and was refused.",
    ),
    "no_terminal": (
        "Tài khoản này chưa gắn với máy bán hàng nào.",
        "This account has no terminal to sell at.",
    ),
    # what is not there
    "not_found": ("Không tìm thấy.", "There is no such thing."),
    "card_unknown": (
        "Không có thẻ này. Hãy quét lại hoặc nhập số điện thoại của khách.",
        "This card is not known. Scan it again, or type the customer's phone number.",
    ),
    "member_unknown": ("Không có thành viên này.", "There is no such member."),
    "checkout_unknown": ("Không có phiên tính tiền này.", "There is no such checkout."),
    "sale_unknown": ("Không có hoá đơn này.", "There is no such sale."),
    "swipe_unknown": ("Không có lượt quét thẻ này.", "There is no such swipe."),
    "page_unknown": (
        "Trang kết quả này không còn; hãy xem lại từ đầu.",
        "This page of results does not exist; start again from the first.",
    ),
    "coupon_unknown": ("Không có phiếu ưu đãi này.", "There is no such coupon."),
    "value_unknown": ("Không có thẻ quà tặng hay ví này.", "There is no such gift card or wallet."),
    "draft_unknown": ("Khuyến mãi này không có bản nháp.", "This promotion has no draft."),
    "promotion_unknown": ("Không có chương trình khuyến mãi này.", "There is no such promotion."),
    "segment_unknown": ("Không có nhóm khách này.", "There is no such segment."),
    "campaign_unknown": ("Không có chiến dịch này.", "There is no such campaign."),
    "product_unknown": ("Không có mặt hàng này.", "There is no such product."),
    "store_unknown": ("Không có cửa hàng này.", "There is no such store."),
    "terminal_unknown": ("Không có máy bán hàng này.", "There is no such terminal."),
    "staff_unknown": ("Không có nhân viên này.", "There is no such member of staff."),
    "approval_unknown": ("Không có yêu cầu duyệt này.", "There is no such request for approval."),
    "report_unknown": ("Không có báo cáo này.", "There is no such report."),
    "record_unknown": ("Không có bản ghi này.", "There is no such record."),
    "exception_unknown": ("Không có việc cần xem này.", "There is no such exception."),
    "adapter_unknown": ("Không có bộ kết nối này.", "There is no such adapter."),
    "reference_missing": ("Không tìm thấy bộ kết nối mẫu.", "The reference adapter is missing."),
    "role_unknown": (
        "PostgreSQL không có vai trò này; hãy tạo bằng CREATE ROLE ... LOGIN.",
        "PostgreSQL has no such role; make it with CREATE ROLE ... LOGIN.",
    ),
    "database_missing": ("Không có tệp cơ sở dữ liệu này.", "There is no such database file."),
    "file_missing": ("Không có tệp này.", "There is no such file."),
    # what contradicts the record
    "conflict": ("Việc này mâu thuẫn với điều đã ghi nhận.", "This contradicts what is already recorded."),
    "receipt_conflict": (
        "Số hoá đơn này đã ghi nhận với nội dung khác.",
        "This receipt is already recorded with another content.",
    ),
    "receipt_ambiguous": (
        "Có nhiều hoá đơn cùng số này; hãy cho biết máy bán hàng hoặc ngày bán.",
        "Several sales bear this receipt; name the terminal or the day.",
    ),
    "checkout_settled": ("Phiên tính tiền này đã thanh toán.", "This checkout is already settled."),
    "checkout_voided": ("Phiên tính tiền này đã huỷ.", "This checkout was voided."),
    "card_conflict": (
        "Hoá đơn này đã có thẻ của khách khác; hãy xác nhận nếu muốn đổi.",
        "This bill already has another customer's card; confirm to change it.",
    ),
    "card_of_staff": (
        "Thẻ này là thẻ riêng của một nhân viên khác.",
        "This card is another member of staff's own.",
    ),
    "card_taken": ("Số thẻ này đã được cấp.", "This card number is already in use."),
    "card_replaced": ("Thẻ này đã được thay bằng thẻ khác.", "This card was already replaced."),
    "card_not_active": ("Thẻ này không ở trạng thái đang dùng.", "This card is not active."),
    "card_numbers_exhausted": (
        "Không tạo được số thẻ mới; hãy thử lại.",
        "No free card number was found; try again.",
    ),
    "card_is_coupon": (
        "Đây là phiếu ưu đãi hoặc thẻ quà tặng, không phải thẻ thành viên.",
        "This is a coupon or a gift card, not a membership card.",
    ),
    "member_merged": (
        "Thành viên này đã được gộp vào thành viên khác; hãy dùng hoặc tách thành viên kia trước.",
        "This member was merged into another; use that one, or undo its merge first.",
    ),
    "member_erased": (
        "Dữ liệu của thành viên này đã xoá; không gộp được.",
        "This member's data was erased; it cannot be merged.",
    ),
    "member_busy": (
        "Một hoá đơn đang mở còn giữ điểm của thành viên này; hãy thanh toán hoặc huỷ rồi thử lại.",
        "An open checkout still holds points of this member; settle or void it, then try again.",
    ),
    "not_merged": ("Thành viên này chưa được gộp.", "This member is not merged."),
    "unmerge_too_late": (
        "Đã quá hạn tách hai thành viên này.",
        "The time to undo this merge is over.",
    ),
    "sale_has_member": (
        "Hoá đơn này đã có khách hàng; không gắn thêm thẻ được.",
        "This sale already has a customer; no card can be attached.",
    ),
    "sale_returned": (
        "Hàng của hoá đơn này đã trả hết; không còn gì để tích điểm.",
        "Everything of this sale came back; there is nothing left to earn for.",
    ),
    "attach_too_late": (
        "Đã quá hạn gắn thẻ vào hoá đơn này; hãy nhờ quản lý điều chỉnh điểm.",
        "The time to attach a card to this sale is over; ask a manager to adjust the points.",
    ),
    "phone_taken": (
        "Số điện thoại này đã thuộc về thành viên khác.",
        "This phone number belongs to another member.",
    ),
    "undo_too_late": (
        "Đã quá 30 giây; hãy làm phiếu trả hàng.",
        "The 30 seconds for an undo are over; make a return instead.",
    ),
    "undo_elsewhere": (
        "Chỉ máy đã bán mới huỷ được hoá đơn này; hãy làm phiếu trả hàng.",
        "Only the terminal that sold can undo this bill; make a return instead.",
    ),
    "coupon_state": (
        "Phiếu ưu đãi này đang được giữ, đã dùng hoặc đã hết hiệu lực.",
        "This coupon is held, used or over.",
    ),
    "value_blocked": ("Thẻ quà tặng hoặc ví này đã bị khoá.", "This gift card or wallet is blocked."),
    "value_active": ("Thẻ quà tặng hoặc ví này đang dùng được.", "This gift card or wallet is not blocked."),
    "only_draft": (
        "Khuyến mãi này mới chỉ có bản nháp; hãy kết thúc nó.",
        "This promotion is nothing but its draft; end it instead.",
    ),
    "promotion_taken": ("Mã chương trình này đã có.", "A promotion with this code exists already."),
    "promotion_needed": (
        "Một chương trình đang chạy còn phát phiếu của chương trình này.",
        "Another active promotion depends on this one.",
    ),
    "promotion_not_coupon": (
        "Chương trình này không dùng phiếu, hoặc chưa có hiệu lực.",
        "This promotion is not one of coupons, or is not in force.",
    ),
    "approval_decided": (
        "Yêu cầu này đã được quyết định; hãy xem lại danh sách.",
        "This request was already decided; look at the list again.",
    ),
    "campaign_launched": (
        "Chiến dịch này đã phát hành; muốn thay đổi, hãy dừng nó và tạo chiến dịch mới.",
        "This campaign is launched already; to change it, stop it and make another one.",
    ),
    "campaign_stopped": (
        "Chiến dịch này đã dừng; hãy tạo chiến dịch mới.",
        "This campaign was stopped; make another one.",
    ),
    "campaign_over": (
        "Chiến dịch này đã qua ngày cuối; hãy tạo chiến dịch mới hoặc đổi ngày.",
        "The last day of this campaign is over; make another one, or change its days.",
    ),
    "campaign_not_running": (
        "Chiến dịch này chưa phát hành.",
        "This campaign is not launched yet.",
    ),
    "campaign_approved": ("Chiến dịch này đã được duyệt.", "This campaign is approved already."),
    "number_taken": (
        "Số thứ tự này đã ghi nhận với nội dung khác; bản ghi được giữ riêng, hãy ghép nối lại máy bán hàng.",
        "This number is already recorded with another content; the record is kept aside, pair the till again.",
    ),
    "epoch_old": (
        "Bản ghi thuộc lần ghép nối trước; nó được giữ riêng. Hãy đánh số lại theo lần ghép nối hiện tại.",
        "The record is of an earlier pairing; it is kept aside. Number it anew in the present epoch.",
    ),
    "epoch_ahead": (
        "Máy bán hàng chưa được ghép nối đến số này; bản ghi được giữ riêng, hãy ghép nối lại.",
        "No pairing has given this epoch yet; the record is kept aside, pair the till again.",
    ),
    "record_resolved": ("Bản ghi này đã được xử lý.", "This record is already decided about."),
    "exception_resolved": ("Việc này đã được xử lý.", "This exception is already resolved."),
    "login_taken": ("Tên đăng nhập này đã có.", "This login is already in use."),
    "staff_disabled": ("Tài khoản này đã ngừng dùng.", "This account is disabled."),
    "store_taken": ("Mã cửa hàng này đã có.", "This store code is already in use."),
    "terminal_taken": ("Mã máy bán hàng này đã có.", "This terminal code is already in use."),
    "adapter_exists": ("Đã có bộ kết nối tên này.", "An adapter of this name exists already."),
    "adapter_twice": ("Có hai bộ kết nối cùng mã.", "Two adapters bear the same code."),
    "file_exists": ("Tệp này đã có; hãy chọn tên khác.", "This file exists already; choose another name."),
    "database_in_use": (
        "Cơ sở dữ liệu đang được dùng; hãy dừng dịch vụ trước.",
        "The database is in use; stop the service first.",
    ),
    # what the programme refuses
    "refused": ("Chương trình không cho phép việc này.", "The programme does not allow this."),
    "card_blocked": (
        "Thẻ này đã bị khoá; hãy mời khách liên hệ quầy dịch vụ.",
        "This card is blocked; please ask the customer to see the service desk.",
    ),
    "merge_itself": (
        "Không thể gộp một thành viên vào chính mình; hãy chọn thành viên khác.",
        "A member cannot be merged into itself; choose another one.",
    ),
    "own_approval": (
        "Không ai được duyệt yêu cầu của chính mình; hãy nhờ một quản lý khác.",
        "Nobody approves what they asked for themselves; ask another manager.",
    ),
    "audience_empty": (
        "Không có khách nào nhận được phiếu; hãy xem lại nhóm khách.",
        "Nobody would get a coupon; look at the audience again.",
    ),
    "budget_missing": (
        "Không biết chiến dịch này tốn nhiều nhất bao nhiêu; hãy đặt ngân sách, hoặc đặt mức trần trong khuyến mãi.",
        "Nothing says what this campaign may cost at most; set a budget, or a cap in its promotion.",
    ),
    "points_insufficient": ("Khách không đủ điểm.", "The customer does not have enough points."),
    "value_not_sold": (
        "Hoá đơn không bán ngần ấy tiền vào thẻ quà tặng ở dòng này, hoặc đã nạp rồi.",
        "This line of the bill did not sell so much money on a gift card, or it is loaded already.",
    ),
    "value_spent": (
        "Tiền của thẻ quà tặng này đã được dùng; không nhận trả lại được nữa.",
        "The money of this gift card has been spent; it cannot come back.",
    ),
    "too_many_tickets": (
        "Khoảng ngày này có quá nhiều hoá đơn cho một lần; hãy chọn ít ngày hơn, hoặc dùng loyalty-pos simulate.",
        "These days hold too many tickets for one call; choose fewer days, or use loyalty-pos simulate.",
    ),
    "too_many_members": (
        "Quá nhiều hội viên cho một lần gọi; hãy dùng loyalty-pos campaign simulate.",
        "These are too many members for one call; use loyalty-pos campaign simulate.",
    ),
    "more_than_bought": (
        "Trả nhiều hơn số đã mua; hãy xem lại số lượng trên hoá đơn.",
        "More comes back than was bought; check the quantities on the bill.",
    ),
    "return_of_return": (
        "Đây là phiếu trả hàng, không trả lại được; hãy quét hoá đơn bán hàng.",
        "This receipt is of a return and cannot be returned; scan the receipt of the sale.",
    ),
    "undo_not_whole": (
        "Huỷ hoá đơn là huỷ toàn bộ; muốn trả một phần, hãy làm phiếu trả hàng.",
        "An undo takes back the whole bill; for a part of it make a return.",
    ),
    "exception_action": (
        "Việc này không xử lý theo cách đó được; hãy chọn cách khác.",
        "This exception cannot be resolved that way; choose another action.",
    ),
    "last_owner": ("Không thể ngừng chủ cửa hàng cuối cùng.", "The last owner cannot be disabled."),
    "not_embedded": (
        "Lệnh này chỉ dành cho cơ sở dữ liệu SQLite; với PostgreSQL hãy dùng pg_dump.",
        "This is for the embedded SQLite database; with PostgreSQL use pg_dump.",
    ),
    "copy_broken": ("Bản sao không nguyên vẹn.", "The copy is not intact."),
    "copy_newer": (
        "Bản sao do phiên bản mới hơn tạo ra ({revision}); hãy cập nhật chương trình trước.",
        "A later version made this copy ({revision}); upgrade the program first.",
    ),
    "copy_unproven": (
        "Bản sao nguyên vẹn nhưng sổ điểm không khớp ở {count} chỗ; hãy chạy loyalty-pos ledger check.",
        "The copy is whole, but its ledger is wrong in {count} places; run loyalty-pos ledger check.",
    ),
    "role_owns": (
        "Vai trò này sở hữu các bảng hoặc là superuser nên không giới hạn được; hãy tạo một vai trò khác.",
        "This role owns the tables or is a superuser, so rights do not bind it; make another one.",
    ),
    "grant_refused": (
        "Chỉ chủ sở hữu các bảng mới cấp quyền được; hãy kết nối bằng vai trò đó.",
        "Only the owner of the tables can grant; connect as that role.",
    ),
    "target_unknown": (
        "Đích phải là cơ sở dữ liệu PostgreSQL (postgresql+psycopg://...).",
        "The target must be a PostgreSQL database (postgresql+psycopg://...).",
    ),
    "target_not_empty": (
        "Cơ sở dữ liệu đích đã có dữ liệu (bảng {table}); hãy tạo một cơ sở dữ liệu trống.",
        "The target already has rows (table {table}); make an empty database.",
    ),
    "books_wrong": (
        "Sổ điểm trong {database} không khớp ở {count} chỗ; không có gì được sao chép. Hãy chạy loyalty-pos ledger check.",
        "The ledger in {database} is wrong in {count} places; nothing was copied. Run loyalty-pos ledger check.",
    ),
    "rows_unfit": (
        "PostgreSQL không nhận các dòng của bảng {table}; không có gì được sao chép.",
        "PostgreSQL does not take the rows of table {table}; nothing was copied.",
    ),
    "rows_differ": (
        "Bảng {table} đọc lại không giống bản gốc; không có gì được sao chép.",
        "Table {table} reads back otherwise than it was; nothing was copied.",
    ),
    "not_postgresql": (
        "Lệnh này chỉ dành cho PostgreSQL; SQLite không có vai trò.",
        "This is for PostgreSQL; SQLite has no roles.",
    ),
    "backup_missing": ("Chưa có bản sao lưu nào.", "There is no backup yet."),
    "seal_key_wrong": (
        "Sổ điểm đã được niêm phong bằng khoá khác; hãy đặt lại seal.key hoặc LOYALTY_POS_SEAL_KEY.",
        "The ledger is sealed with another key; put seal.key (or LOYALTY_POS_SEAL_KEY) back.",
    ),
    "card_number": ("Số thẻ này không in được.", "This card number cannot be printed."),
    "adapter_name": (
        "Tên bộ kết nối chỉ gồm chữ thường, số và gạch dưới.",
        "An adapter's name is lower-case letters, digits and underscores.",
    ),
    # ourselves
    "error": ("Có lỗi xảy ra.", "Something went wrong."),
    "internal": (
        "Có lỗi trong hệ thống; không có gì được lưu. Hãy thử lại với cùng khoá.",
        "Something went wrong on our side; nothing was stored. Try again with the same key.",
    ),
    "unavailable": (
        "Hệ thống tạm thời không trả lời được; hãy thử lại sau giây lát.",
        "The service cannot answer now; try again in a moment.",
    ),
    "database_unavailable": (
        "Cơ sở dữ liệu tạm thời không trả lời; hãy thử lại sau giây lát.",
        "The database cannot answer now; try again in a moment.",
    ),
    "disk_full": (
        "Ổ đĩa không đủ chỗ cho bản sao; hãy dọn bớt hoặc chọn ổ khác.",
        "The disk has no room for the copy; make room or choose another disk.",
    ),
    "disk_failed": ("Ổ đĩa không ghi được: {cause}.", "The disk refuses: {cause}."),
    "backup_folder_missing": (
        "Không thấy thư mục sao lưu thứ hai; hãy cắm lại ổ hoặc sửa thiết lập.",
        "The second backup folder is not there; plug its disk in, or change the setting.",
    ),
    "database_unknown": (
        "Loại cơ sở dữ liệu này không được hỗ trợ.",
        "This kind of database is not supported.",
    ),
    "database_unsafe": (
        "Cơ sở dữ liệu không giữ được thiết lập an toàn cần thiết.",
        "The database does not keep a setting that safety needs.",
    ),
    "not_migrated": (
        "Cơ sở dữ liệu chưa ở phiên bản mới nhất; hãy chạy loyalty-pos db upgrade.",
        "The database is not at the newest version; run loyalty-pos db upgrade.",
    ),
    "database_old": (
        "Cơ sở dữ liệu chưa ở phiên bản mới nhất; hãy chạy loyalty-pos db upgrade.",
        "The database is not at the newest version; run loyalty-pos db upgrade.",
    ),
    "busy": (
        "Hệ thống đang bận; hãy gửi lại sau giây lát với cùng khoá.",
        "The service is busy; send it again in a moment with the same key.",
    ),
    "ledger_busy": (
        "Một giao dịch cũ vẫn đang ghi nên chưa niêm phong được; hãy thử lại sau giây lát.",
        "An older transaction is still writing, so nothing new can be sealed; try again in a moment.",
    ),
    "shutting_down": (
        "Hệ thống đang dừng; hãy thử lại sau giây lát.",
        "The service is shutting down; try again in a moment.",
    ),
    "setting_invalid": ("Một thiết lập chưa đúng: {setting}.", "A setting is not valid: {setting}."),
}


class _Facts(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "?"


def sentence(code: str, language: Language = "vi", facts: Mapping[str, object] | None = None) -> str:
    """The sentence of ``code``; of an unknown one that of ``error``."""
    vi, en = SENTENCES.get(code) or SENTENCES["error"]
    return (vi if language == "vi" else en).format_map(_Facts(facts or {}))
